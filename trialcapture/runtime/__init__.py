"""What runs TrialCapture on one machine: embedded PostgreSQL and Valkey, web, worker and beat.

Nothing here imports Django: `manage.py up` has to make the environment before the settings can be read.
"""
