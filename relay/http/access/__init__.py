"""Who is asking, what they may do, how often, and from which pages. Knows no endpoint."""
