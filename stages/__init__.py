"""The stages of dvc.yaml: each reads its parameters, calls pipeline/, writes its files."""
