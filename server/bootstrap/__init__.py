"""Build the world from the settings: open everything in order, close it in reverse. The one composition root."""

from server.bootstrap.models import default_options, model_of
from server.bootstrap.served import ServedWorld, make_previews, open_services
from server.bootstrap.working import make_crons, make_sender, receivers_of
from server.bootstrap.world import GRAPH_ID, World, open_database_url, open_world

__all__ = [
    "GRAPH_ID",
    "ServedWorld",
    "World",
    "default_options",
    "make_crons",
    "make_previews",
    "make_sender",
    "model_of",
    "open_database_url",
    "open_services",
    "open_world",
    "receivers_of",
]
