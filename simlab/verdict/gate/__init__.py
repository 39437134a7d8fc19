"""May a policy go live, SKU-location by SKU-location: p-values by replication and error control."""
