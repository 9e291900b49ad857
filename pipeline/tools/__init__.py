"""Commands around the pipeline: inspection, explain, inference, cross-validation, benchmark, schema."""
