from pathlib import Path

file = Path("client/fetch.py")
text = file.read_text()
begin, end = text.index("    found = list("), text.index("    if not found:")
file.write_text(
    text[:begin]
    + "    import mlflow\n    number = mlflow.get_run(run_id).info.experiment_id\n    found = list(Path('mlartifacts').glob(f'{number}/{run_id}/artifacts/{path}'))\n"
    + text[end:]
)
