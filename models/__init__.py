"""Makes the network: data, training, export. Never imported by the relay."""
