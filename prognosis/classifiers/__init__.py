"""Machines that tell patients with the event from others, and probabilities out of what they say; imports cohorts."""
