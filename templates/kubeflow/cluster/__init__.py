"""What needs a cluster: submitting the pipeline, serving its model, training on several pods."""
