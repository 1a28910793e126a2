"""Devices with every fault that devices have, and the truth a perfect world would bill. See README.md."""
