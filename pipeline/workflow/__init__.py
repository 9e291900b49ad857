"""Around a stage: runner, progress, outputs, summary, engine, dvc.yaml and dvc.lock; shapes no output."""
