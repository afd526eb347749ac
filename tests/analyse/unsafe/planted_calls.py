"""Every way to the database that a rule names, as one line of code: what it calls, and what it passes on its way there.

A row is run on an event loop against the Django that is installed (test_every_stack.py). `proofs` are frames that only
a query has and that this line is known to pass; `given` is made beforehand, where it is allowed.
"""

# mypy: ignore-errors
# ruff: noqa: C416, PLW0108 - each row has a line of its own

from __future__ import annotations

import contextlib
import itertools
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sites.models import Site
from django.contrib.sites.shortcuts import get_current_site
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import models, transaction
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_list_or_404, get_object_or_404, render
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.views import View


class Mark(models.Model):
    """A generic foreign key."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    about = GenericForeignKey()

    class Meta:
        app_label = "sites"


class Unique(models.Model):
    """A constraint that asks the database."""

    text = models.TextField()

    class Meta:
        app_label = "sites"
        constraints = (models.UniqueConstraint(fields=["text"], name="unique_text"),)


class Note(models.Model):
    """What the built-in models lack: a nullable foreign key, a one-to-one and a generic relation."""

    marks = GenericRelation(Mark)

    text = models.TextField()
    user = models.ForeignKey(User, models.SET_NULL, null=True)
    group = models.OneToOneField(Group, models.CASCADE, null=True)

    class Meta:
        app_label = "sites"


class Pinned(Note):
    """A child of another model: saving it saves its parent first."""

    class Meta:
        app_label = "sites"


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name",)


GroupForms = forms.modelformset_factory(Group, fields=["name"], extra=0)


def formset() -> Any:
    first = group()
    management = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(first.pk)}
    return GroupForms({**management, "form-0-name": f"{first.name}x"}, queryset=Group.objects.filter(pk=first.pk))


def valid_formset() -> Any:
    made = formset()
    assert made.is_valid(), made.errors
    return made


def marked() -> tuple[Any, Any]:
    note = Note.objects.create(text="marked")
    return note, note.marks.create()


class Locked(LoginRequiredMixin, View):
    async def get(self, _request: HttpRequest) -> HttpResponse:
        return HttpResponse("x")


def outdated() -> User:
    """Whose password was hashed with a method that is to be replaced: the right one saves it anew."""
    return User.objects.create(username=next(NAMES), password=make_password("secret", salt="short"))


class PermissionForm(forms.ModelForm):
    class Meta:
        model = Permission
        fields = ("content_type",)


recounted = Signal()


# A receiver in a library's place: none of its lines is the user's.
TALLIES = "/srv/venv/lib/python3.12/site-packages/tallies/receivers.py"
library: dict[str, Any] = {}
exec(compile("def recount(sender, **_):\n    sender()", TALLIES, "exec"), library)  # noqa: S102
recounted.connect(library["recount"])


@dataclass(frozen=True)
class Row:
    call: str
    do: Callable[..., Any]
    proofs: str = ""
    given: Callable[[], Any] = lambda: None
    since: tuple[int, int] = (3, 2)
    by_name: int = 0
    """The line that is named where no folders are recorded: nothing says there that a receiver is a library's."""

    @property
    def line(self) -> int:
        return self.do.__code__.co_firstlineno


def user() -> User:
    return User.objects.get(username="ann")


def fresh_user() -> User:
    made = User.objects.create(username=f"new{User.objects.count()}")
    Note.objects.create(text="of the new one", user=made)
    return made


def group() -> Group:
    return Group.objects.first()


def active() -> Any:
    return User.objects.filter(is_active=True)


def session() -> SessionStore:
    stored = SessionStore()
    stored.create()
    return SessionStore(stored.session_key)


def request() -> HttpRequest:
    made = RequestFactory().get("/")
    made.session = session()
    made.user = user()
    return made


def logged_in() -> HttpRequest:
    made = request()
    auth.login(made, user(), backend="django.contrib.auth.backends.ModelBackend")
    made.session.save()
    made.session = SessionStore(made.session.session_key)
    del made.user
    AuthenticationMiddleware(lambda r: r).process_request(made)
    return made


def saved() -> SessionStore:
    made = session()
    made["a"] = 1
    made.save()
    return made


def tested() -> SessionStore:
    made = session()
    made.set_test_cookie()
    made.save()
    return SessionStore(made.session_key)


def page() -> Any:
    return Paginator(active().order_by("id"), 2).page(1)


def cold_types() -> None:
    ContentType.objects.clear_cache()


def cold_sites() -> None:
    Site.objects.clear_cache()


def cold_visit() -> HttpRequest:
    cold_sites()
    return RequestFactory().get("/")


def counter() -> None:
    for version in (1, 2):
        cache.set("n", 1, version=version)


def permission() -> Permission:
    return Permission(name="x", codename="y", content_type_id=1)


def template() -> Template:
    return Template("{% for u in users %}{{ u.username }}{% endfor %}")


NAMES = map("name {}".format, itertools.count())
ITERATING = "ModelIterable.__iter__ SQLCompiler.execute_sql"
COUNTING = "Query.get_count Query.get_aggregation SQLCompiler.execute_sql"

ROWS = [
    # querysets
    Row("QuerySet.get", lambda: User.objects.get(username="ann"), ITERATING),
    Row("QuerySet.create", lambda: User.objects.create(username=next(NAMES)), "Model.save_base"),
    Row("QuerySet.get_or_create", lambda: User.objects.get_or_create(username="ann"), ITERATING),
    Row("QuerySet.update_or_create", lambda: User.objects.update_or_create(username="ann"), ""),
    Row(
        "QuerySet.bulk_create",
        lambda: Group.objects.bulk_create([Group(name=next(NAMES))]),
        "QuerySet._insert SQLInsertCompiler.execute_sql",
    ),
    Row("QuerySet.bulk_update", lambda g: Group.objects.bulk_update([g], ["name"]), "", group),
    Row("QuerySet.in_bulk", lambda: User.objects.in_bulk([1]), ITERATING),
    Row("QuerySet.count", lambda: active().count(), COUNTING),
    Row(
        "QuerySet.aggregate",
        lambda: active().aggregate(models.Max("id")),
        "Query.get_aggregation SQLCompiler.execute_sql",
    ),
    Row(
        "QuerySet.exists",
        lambda: active().exists(),
        "Query.has_results SQLCompiler.has_results SQLCompiler.execute_sql",
    ),
    Row("QuerySet.contains", lambda u: active().contains(u), "Query.has_results", user, (4, 0)),
    Row("QuerySet.first", lambda: active().first(), ITERATING),
    Row("QuerySet.last", lambda: active().last(), ITERATING),
    Row("QuerySet.earliest", lambda: active().earliest("id"), ITERATING),
    Row("QuerySet.latest", lambda: active().latest("id"), ITERATING),
    Row("QuerySet.update", lambda: active().update(first_name="A"), "SQLUpdateCompiler.execute_sql"),
    Row("QuerySet.delete", lambda: Group.objects.filter(name="none").delete(), ""),
    Row("QuerySet.explain", lambda: active().explain(), "Query.explain SQLCompiler.explain_query"),
    Row("QuerySet.iterator", lambda: list(active().iterator()), ITERATING),
    Row("QuerySet.__iter__", lambda: [u.pk for u in active()], ITERATING),
    Row("QuerySet.__len__", lambda: len(active()), ITERATING),
    Row("QuerySet.__bool__", lambda: bool(active()), ITERATING),
    Row("QuerySet.__getitem__", lambda: active()[0], ITERATING),
    Row("QuerySet.__iter__", lambda: iter(active().values("id")), "ValuesIterable.__iter__ SQLCompiler.results_iter"),
    Row("QuerySet.__iter__", lambda: iter(active().values_list("id")), "ValuesListIterable.__iter__"),
    Row("QuerySet.__iter__", lambda: iter(active().values_list("id", named=True)), "NamedValuesListIterable.__iter__"),
    Row("QuerySet.__iter__", lambda: iter(active().values_list("id", flat=True)), "FlatValuesListIterable.__iter__"),
    Row("RawQuerySet.__len__", lambda: len(User.objects.raw("SELECT * FROM auth_user"))),
    Row("RawQuerySet.__bool__", lambda: bool(User.objects.raw("SELECT * FROM auth_user"))),
    Row("RawQuerySet.__getitem__", lambda: User.objects.raw("SELECT * FROM auth_user")[0]),
    Row("QuerySet.__getstate__", lambda qs: pickle.dumps(qs), ITERATING, active),
    Row("QuerySet.__repr__", lambda: repr(active()), ITERATING),
    Row("QuerySet._fetch_all", lambda qs: qs._fetch_all(), ITERATING, active),
    Row(
        "RawQuerySet.__iter__",
        lambda: iter(User.objects.raw("SELECT * FROM auth_user")),
        "RawQuery.__iter__ RawQuery._execute_query RawModelIterable.__iter__",
    ),
    Row(
        "RawQuerySet._fetch_all",
        lambda: User.objects.raw("SELECT * FROM auth_user")._fetch_all(),
        "RawModelIterable.__iter__",
    ),
    Row(
        "RawQuerySet.iterator",
        lambda: list(User.objects.raw("SELECT * FROM auth_user").iterator()),
        "RawModelIterable.__iter__",
    ),
    Row("prefetch_related_objects", lambda u: models.prefetch_related_objects([u], "groups"), ITERATING, user),
    # objects
    Row("Model.save", lambda g: g.save(), "Model.save_base Model._save_table Model._do_update", group),
    Row("Model.save", lambda: Pinned(text="x").save(), "Model._save_parents Model._do_insert"),
    Row(
        "Model.delete",
        lambda u: u.delete(),
        "Collector.delete DeleteQuery.delete_batch DeleteQuery.do_query QuerySet._raw_delete",
        fresh_user,
    ),
    Row("Model.refresh_from_db", lambda u: u.refresh_from_db(), "Model.refresh_from_db", user),
    # related
    Row("GenericForeignKey.__get__", lambda m: m.about, ITERATING, lambda: Mark.objects.get(pk=marked()[1].pk)),
    *[
        Row(f"GenericRelatedObjectManager.{name}", do, "", marked)
        for name, do in {
            "add": lambda g: g[0].marks.add(g[1]),
            "create": lambda g: g[0].marks.create(),
            "get_or_create": lambda g: g[0].marks.get_or_create(object_id=1),
            "update_or_create": lambda g: g[0].marks.update_or_create(object_id=1),
            "remove": lambda g: g[0].marks.remove(g[1]),
            "clear": lambda g: g[0].marks.clear(),
            "set": lambda g: g[0].marks.set([g[1]]),
        }.items()
    ],
    Row("ForwardManyToOneDescriptor.__get__", lambda p: p.content_type, ITERATING, lambda: Permission.objects.first()),
    Row("ReverseOneToOneDescriptor.__get__", lambda g: g.note, ITERATING, group),
    Row(
        "DeferredAttribute.__get__", lambda u: u.email, "Model.refresh_from_db", lambda: User.objects.only("id").first()
    ),
    *[
        Row(f"RelatedManager.{name}", do, "", lambda: (user(), Note.objects.create(text="n", user=user())))
        for name, do in {
            "add": lambda g: g[0].note_set.add(g[1]),
            "create": lambda g: g[0].note_set.create(text="x"),
            "get_or_create": lambda g: g[0].note_set.get_or_create(text="y"),
            "update_or_create": lambda g: g[0].note_set.update_or_create(text="z"),
            "remove": lambda g: g[0].note_set.remove(g[1]),
            "clear": lambda g: g[0].note_set.clear(),
            "set": lambda g: g[0].note_set.set([g[1]]),
        }.items()
    ],
    *[
        Row(f"ManyRelatedManager.{name}", do, "", lambda: (user(), group()))
        for name, do in {
            "add": lambda g: g[0].groups.add(g[1]),
            "create": lambda g: g[0].groups.create(name=next(NAMES)),
            "get_or_create": lambda g: g[0].groups.get_or_create(name=next(NAMES)),
            "update_or_create": lambda g: g[0].groups.update_or_create(name=next(NAMES)),
            "remove": lambda g: g[0].groups.remove(g[1]),
            "clear": lambda g: g[0].groups.clear(),
            "set": lambda g: g[0].groups.set([g[1]]),
        }.items()
    ],
    # templates, forms
    Row("render", lambda: render(None, "people.html", {"users": active()}), ITERATING),
    Row("render_to_string", lambda: render_to_string("people.html", {"users": active()}), ITERATING),
    Row("Template.render", lambda: get_template("people.html").render({"users": active()}), ITERATING),
    Row("Template.render", lambda t: t.render(Context({"users": active()})), ITERATING, template),
    Row(
        "TemplateResponse.render",
        lambda r: TemplateResponse(r, "people.html", {"users": active()}).render(),
        ITERATING,
        request,
    ),
    Row("BaseForm.is_valid", lambda: GroupForm({"name": "x"}).is_valid(), "Query.has_results"),
    Row("BaseForm.errors", lambda: GroupForm({"name": "x"}).errors, "Query.has_results"),
    Row("BaseForm.full_clean", lambda: GroupForm({"name": "x"}).full_clean(), "Query.has_results"),
    Row(
        "BaseModelForm.save",
        lambda f: f.save(),
        "Model.save_base",
        lambda: (f := GroupForm({"name": f"g{Group.objects.count()}"}), f.is_valid())[0],
    ),
    Row(
        "ModelChoiceIterator.__iter__",
        lambda f: [one for one in f.fields["content_type"].choices],
        ITERATING,
        PermissionForm,
    ),
    Row("RenderableMixin.render", lambda f: str(f), ITERATING, PermissionForm, (4, 0)),
    Row("BaseFormSet.is_valid", lambda f: f.is_valid(), "Query.has_results", formset),
    Row("BaseFormSet.full_clean", lambda f: f.full_clean(), "Query.has_results", formset),
    Row("BaseModelFormSet.save", lambda f: f.save(), "Model.save_base", valid_formset),
    Row(
        "Model.validate_constraints",
        lambda one: one.validate_constraints(),
        "Query.has_results",
        lambda: Unique(text="x"),
        (4, 1),
    ),
    Row("Model.full_clean", lambda: Group(name="x").full_clean(), "Query.has_results"),
    Row("Model.validate_unique", lambda: Group(name="x").validate_unique(), "Query.has_results"),
    Row("Model.clean_fields", lambda p: p.clean_fields(exclude=["id"]), "Query.has_results", permission),
    # users and permissions
    Row("AbstractBaseUser.check_password", lambda u: u.check_password("secret"), "Model.save_base", outdated),
    Row("UserManager.create_user", lambda: User.objects.create_user(next(NAMES)), "Model.save_base"),
    Row("UserManager.create_superuser", lambda: User.objects.create_superuser(next(NAMES)), "Model.save_base"),
    Row("request.user", lambda r: r.user.username, "SessionStore.load", logged_in),
    Row("request.user", lambda r: Locked.as_view()(r), "SessionStore.load", logged_in, (4, 1)),
    Row("get_user", lambda r: auth.get_user(r), "SessionStore.load SessionStore._get_session_from_db", logged_in),
    Row("authenticate", lambda: auth.authenticate(None, username="ann", password="x"), ITERATING),
    Row("login", lambda r: auth.login(r, r.user, backend="django.contrib.auth.backends.ModelBackend"), "", request),
    Row("logout", lambda r: auth.logout(r), "", request),
    Row("update_session_auth_hash", lambda r: auth.update_session_auth_hash(r, r.user), "", request),
    Row("PermissionsMixin.has_perm", lambda u: u.has_perm("auth.add_user"), "", user),
    Row("PermissionsMixin.has_perms", lambda u: u.has_perms(["auth.add_user"]), "", user),
    Row("PermissionsMixin.has_module_perms", lambda u: u.has_module_perms("auth"), "", user),
    Row("PermissionsMixin.get_user_permissions", lambda u: u.get_user_permissions(), "", user),
    Row("PermissionsMixin.get_group_permissions", lambda u: u.get_group_permissions(), "", user),
    Row("PermissionsMixin.get_all_permissions", lambda u: u.get_all_permissions(), "", user),
    # sessions
    Row("SessionBase.get", lambda s: s.get("a"), "SessionStore.load", session),
    Row("SessionBase.pop", lambda s: s.pop("a", None), "SessionStore.load", session),
    Row("SessionBase.setdefault", lambda s: s.setdefault("a", 1), "SessionStore.load", session),
    Row("SessionBase.update", lambda s: s.update({"a": 1}), "SessionStore.load", session),
    Row("SessionBase.has_key", lambda s: s.has_key("a"), "SessionStore.load", session),
    Row("SessionBase.keys", lambda s: s.keys(), "SessionStore.load", session),
    Row("SessionBase.values", lambda s: s.values(), "SessionStore.load", session),
    Row("SessionBase.items", lambda s: s.items(), "SessionStore.load", session),
    Row("SessionBase.flush", lambda s: s.flush(), "", session),
    Row("SessionBase.cycle_key", lambda s: s.cycle_key(), "SessionStore.load", session),
    Row("SessionBase.test_cookie_worked", lambda s: s.test_cookie_worked(), "SessionStore.load", session),
    Row("SessionBase.get_expiry_date", lambda s: s.get_expiry_date(), "SessionStore.load", session),
    Row("SessionBase.get_expire_at_browser_close", lambda s: s.get_expire_at_browser_close(), "", session),
    Row("SessionBase.set_expiry", lambda s: s.set_expiry(9), "SessionStore.load", session),
    Row("SessionBase.set_test_cookie", lambda s: s.set_test_cookie(), "SessionStore.load", session),
    Row("SessionBase.delete_test_cookie", lambda s: s.delete_test_cookie(), "SessionStore.load", tested),
    Row("SessionBase.get_expiry_age", lambda s: s.get_expiry_age(), "SessionStore.load", session),
    Row("SessionBase.__getitem__", lambda s: s["a"], "SessionStore.load", lambda: SessionStore(saved().session_key)),
    Row("SessionBase.__contains__", lambda s: "a" in s, "SessionStore.load", session),
    Row("SessionBase.__setitem__", lambda s: s.__setitem__("a", 1), "SessionStore.load", session),
    Row(
        "SessionBase.__delitem__",
        lambda s: s.__delitem__("a"),
        "SessionStore.load",
        lambda: SessionStore(saved().session_key),
    ),
    Row("SessionStore.load", lambda s: s.load(), "SessionStore.load", session),
    Row("SessionStore.save", lambda s: s.save(), "SessionStore.save", session),
    Row("SessionStore.exists", lambda s: s.exists("x"), "SessionStore.exists", session),
    Row("SessionStore.create", lambda s: s.create(), "", session),
    Row("SessionStore.delete", lambda s: s.delete("x"), "", session),
    # shortcuts, signals, pages, caches
    Row("get_object_or_404", lambda: get_object_or_404(User, username="ann"), ITERATING),
    Row("get_list_or_404", lambda: get_list_or_404(User, username="ann"), ITERATING),
    Row("Signal.send", lambda: recounted.send(active().count), COUNTING, by_name=2),
    Row("Signal.send_robust", lambda: recounted.send_robust(active().count), COUNTING, by_name=2),
    Row("Paginator.count", lambda: Paginator(active().order_by("id"), 2).count, COUNTING),
    Row("Paginator.page", lambda: Paginator(active().order_by("id"), 2).page(1), COUNTING),
    Row("Paginator.get_page", lambda: Paginator(active().order_by("id"), 2).get_page(1), COUNTING),
    Row("Page.__getitem__", lambda p: p[0], ITERATING, page),
    Row("Page.__len__", lambda p: len(p), "", page),
    Row("DatabaseCache.get", lambda: cache.get("a"), "DatabaseCache.get_many"),
    Row("DatabaseCache.get_many", lambda: cache.get_many(["a"]), "DatabaseCache.get_many"),
    Row("DatabaseCache.set", lambda: cache.set("a", 1), "DatabaseCache._base_set"),
    Row("DatabaseCache.add", lambda: cache.add("a", 1), "DatabaseCache._base_set"),
    Row("DatabaseCache.touch", lambda: cache.touch("a", 1), "DatabaseCache._base_set"),
    Row("DatabaseCache.delete", lambda: cache.delete("a"), "DatabaseCache._base_delete_many"),
    Row("DatabaseCache.delete_many", lambda: cache.delete_many(["a"]), "DatabaseCache._base_delete_many"),
    Row("DatabaseCache.has_key", lambda: cache.has_key("a"), "DatabaseCache.has_key"),
    Row("DatabaseCache.clear", lambda: cache.clear(), ""),
    Row("BaseCache.get_or_set", lambda: cache.get_or_set("a", 1), "DatabaseCache.get_many"),
    Row("BaseCache.set_many", lambda: cache.set_many({"a": 1}), "DatabaseCache._base_set"),
    Row("BaseCache.incr", lambda _: cache.incr("n"), "DatabaseCache.get_many", counter),
    Row("BaseCache.decr", lambda _: cache.decr("n"), "DatabaseCache.get_many", counter),
    Row("BaseCache.incr_version", lambda _: cache.incr_version("n"), "DatabaseCache.get_many", counter),
    Row("BaseCache.decr_version", lambda _: cache.decr_version("n", version=2), "DatabaseCache.get_many", counter),
    Row("get_current_site", lambda r: get_current_site(r), ITERATING, cold_visit),
    Row("SiteManager.get_current", lambda _: Site.objects.get_current(), ITERATING, cold_sites),
    Row("ContentTypeManager.get_for_model", lambda _: ContentType.objects.get_for_model(User), ITERATING, cold_types),
    Row("ContentTypeManager.get_for_id", lambda _: ContentType.objects.get_for_id(1), ITERATING, cold_types),
    Row("ContentTypeManager.get_for_models", lambda _: ContentType.objects.get_for_models(User), "", cold_types),
    Row(
        "ContentTypeManager.get_by_natural_key",
        lambda _: ContentType.objects.get_by_natural_key("auth", "user"),
        ITERATING,
        cold_types,
    ),
    # transactions
    Row("Atomic.__enter__", lambda: transaction.atomic().__enter__(), "BaseDatabaseWrapper.get_autocommit"),
    Row("on_commit", lambda: transaction.on_commit(list), "BaseDatabaseWrapper.get_autocommit"),
]


def fill() -> None:
    """What the rows ask for."""
    ann = User.objects.filter(username="ann").first() or User.objects.create_user("ann")
    with contextlib.suppress(Exception):
        Note.objects.create(text="hers", user=ann, group=Group.objects.get_or_create(name="first")[0])
    Site.objects.get_or_create(pk=1)
