"""The columns of the model, in order: the contract between training and every client."""

FEATURES = (
    "lines_changed",
    "files_touched",
    "tests_failed",  # in the last run before the deployment
    "reviewers",
    "hour",  # of the day, 0-23
    "days_since_deploy",  # since the last deployment of this service
    "config_changed",  # 1 when the change touches configuration, else 0
    "author_deploys",  # how many deployments the author has made before
)
