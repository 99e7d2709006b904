"""Side-by-side timings of the companion and its peers; `make bench` runs them."""
