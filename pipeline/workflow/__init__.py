"""Around a stage: runner, progress, outputs, summary, engine, dvc.yaml and dvc.lock; changes no output."""
