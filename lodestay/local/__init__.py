"""What runs on one machine: embedded services, each in its own files under one ignored folder.

``supervisor`` starts, stops and describes them; one module a service says how. Nothing here is
imported by the platform's own code: it only knows addresses (:mod:`lodestay.settings`).
"""
