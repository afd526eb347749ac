from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=200)
    stock = models.IntegerField(default=0)


class Flag(models.Model):
    name = models.CharField(max_length=50, unique=True)
    on = models.BooleanField(default=False)
