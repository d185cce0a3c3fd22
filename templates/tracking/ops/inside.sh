# shellcheck shell=sh
# For the scripts beside it: `inside db COMMAND...` and `inside mlflow COMMAND...` run a command
# where the database and the server are, in containers or in pods.
PATH=$PWD/.venv/bin:$PATH
where=$(python -m ops.server where)

case $where in
  compose)
    inside() {
      docker compose exec -T "$@"
    }
    ;;
  kubernetes)
    inside() {
      service=$1
      shift
      case $service in
        db) place=statefulset/<[ project_name ]>-db container=postgres ;;
        *) place="deployment/<[ project_name ]>-$service" container=mlflow ;;
      esac
      python -m ops.cluster exec --stdin "$place" --container="$container" -- "$@"
    }
    ;;
  *)
    echo "error: there are no containers or pods:" \
      "copy mlflow.db and mlartifacts while the server is down" >&2
    exit 1
    ;;
esac
