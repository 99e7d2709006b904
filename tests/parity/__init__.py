"""The companion beside published libraries."""
