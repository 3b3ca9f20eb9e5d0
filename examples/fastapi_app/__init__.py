"""A web service whose requests are recorded; `uvicorn examples.fastapi_app.app:app` runs it."""
