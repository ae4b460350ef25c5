"""The three kinds of data that the network is trained on."""
