"""A piece of a template, written with the tags and filters of every page."""

from django.template import engines


def rendered(source, **values):
    return engines["django"].from_string("{% load ui %}" + source).render(values)
