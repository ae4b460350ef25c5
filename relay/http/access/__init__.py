"""Authentication, authorisation, rate limits and CORS. Knows no endpoint."""
