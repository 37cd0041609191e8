"""Training the network that the package ships: crops of the originals at native resolution."""
