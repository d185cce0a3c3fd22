"""Where the tracking server is, and whether it answers."""

from track import Api, TrackError


def tracking() -> Api:
    """The server that MLFLOW_TRACKING_URI names, after it has shown that it can read its database.

    MLflow's own client would retry for long before it reports that nothing answers.
    """
    try:
        server = Api.from_environment()
        if server is None:
            raise SystemExit("error: MLFLOW_TRACKING_URI is neither in the environment nor in .env")
        server.call("GET", "experiments/search?max_results=1")
    except TrackError as error:
        raise SystemExit(f"error: {error}") from None
    return server
