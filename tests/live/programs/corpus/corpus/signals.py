"""Receivers, sync and async, that ask the database."""

from django.db.models.signals import pre_save
from django.dispatch import Signal, receiver

from corpus.models import Author, Draft

rung = Signal()
knocked = Signal()
heard = Signal()


@receiver(pre_save, sender=Draft)
def check_draft(sender, instance, **kwargs):
    Author.objects.filter(name=instance.text).exists()  # planted: a receiver of pre_save


@receiver(rung)
def answer(sender, **kwargs):
    return Author.objects.count()  # planted: a sync receiver


@receiver(knocked)
def open_up(sender, **kwargs):
    return Author.objects.count()  # twin: a sync receiver, called by asend()


@receiver(heard)
async def listen(sender, **kwargs):
    return Author.objects.last()  # planted: an async receiver that asks synchronously
