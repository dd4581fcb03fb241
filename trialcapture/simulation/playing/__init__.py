"""A simulated subject's course, played through the services: screening, treatment, visits, what people say about them."""

from trialcapture.simulation.playing.course import play_subject

__all__ = ["play_subject"]
