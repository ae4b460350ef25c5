"""The API as an OpenAPI document, from the models that validate and answer."""
