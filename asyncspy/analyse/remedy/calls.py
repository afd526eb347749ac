"""What user code calls when it reaches the database: the frame that names the call, and what replaces it since when.

Rows are tried on the frames from the culprit towards the query; the first that fits names the call, so a template that
evaluates a queryset is "rendering a template" and not "iterating". tests/analyse/test_calls.py looks every replacement
up in the Django that is installed.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.analyse.remedy.fixes import (
    ASYNC_FOR,
    ASYNC_ITERATOR,
    BEFORE_RENDERING,
    COUNT_OR_FETCH,
    EXISTS_OR_FETCH,
    FIRST_OR_FETCH,
    LIST_FIRST,
    PREFETCH,
    REFRESH,
    SELECT_RELATED,
    Call,
    Fix,
    Rewrite,
)
from asyncspy.analyse.stacks.pattern import Pattern, Rules

Row = tuple[Pattern, Call]


def _async_twins(file: str, owner: str, methods: str, since: str) -> Iterable[Row]:
    """Methods that got an `a` twin in one release."""
    for method in methods.split():
        twin = Fix(f"await the a-method: .a{method}(…)", since, Rewrite("rename", method, f"a{method}"))
        yield Pattern(f"{owner}.{method}", file), Call(f"{owner.rpartition('.')[2]}.{method}", (twin,))


def _functions(file: str, names: str, since: str) -> Iterable[Row]:
    """Functions that got an `a` twin in one release."""
    for name in names.split():
        twin = Fix(f"await a{name}(…)", since, Rewrite("rename", name, f"a{name}"))
        yield Pattern(name, file), Call(name, (twin,))


def _same(file: str, names: str, *fixes: Fix) -> Iterable[Row]:
    """Several entrances with the same replacements."""
    for name in names.split():
        yield Pattern(name, file), Call(name, fixes)


def _wrapped(file: str, names: str, text: str) -> Iterable[Row]:
    """Calls without an async twin: through sync_to_async."""
    for name in names.split():
        method = name.rpartition(".")[2]
        yield Pattern(name, file), Call(name, (Fix(text, None, Rewrite("wrap", method)),))


def _pages(names: str, text: str, *, wrapped: bool) -> Iterable[Row]:
    """Pagination: an AsyncPaginator where there is one, a thread before that."""
    use_async = Fix("use AsyncPaginator: await paginator.aget_page(number)", "6.0")
    for name in names.split():
        wrap = Rewrite("wrap", name.rpartition(".")[2]) if wrapped else None
        yield Pattern(name, "django/core/paginator.py"), Call(name, (use_async, Fix(text, None, wrap)))


QUERY = "django/db/models/query.py"
RELATED = "django/db/models/fields/related_descriptors.py"
SESSION = "django/contrib/sessions/backends/base.py"

CALLS: Rules[Call] = Rules(
    [
        # templates, forms and serializers, which hide what they evaluate
        *(
            (Pattern(name, file), Call(shown, (BEFORE_RENDERING, Fix("render in a thread", None, wrap))))
            for name, file, shown, wrap in (
                ("render", "django/shortcuts.py", "render", Rewrite("wrap", "render")),
                (
                    "render_to_string",
                    "django/template/loader.py",
                    "render_to_string",
                    Rewrite("wrap", "render_to_string"),
                ),
                ("Template.render", "django/template/backends/django.py", "Template.render", Rewrite("wrap", "render")),
                ("Template.render", "django/template/base.py", "Template.render", Rewrite("wrap", "render")),
                ("SimpleTemplateResponse.render", "django/template/response.py", "TemplateResponse.render", None),
            )
        ),
        *_same("django/forms/utils.py", "RenderableMixin.render", Fix("show the form in a thread")),
        *_wrapped(
            "django/forms/forms.py", "BaseForm.is_valid BaseForm.errors BaseForm.full_clean", "validate in a thread"
        ),
        *_wrapped(
            "django/forms/models.py",
            "BaseModelForm.save ModelChoiceIterator.__iter__ BaseModelFormSet.save",
            "work on the form in a thread",
        ),
        *_wrapped("django/forms/formsets.py", "BaseFormSet.is_valid BaseFormSet.full_clean", "validate in a thread"),
        *_wrapped(
            "rest_framework/serializers.py", "BaseSerializer.is_valid BaseSerializer.save", "serialize in a thread"
        ),
        *_same(
            "rest_framework/serializers.py",
            "Serializer.data ListSerializer.data BaseSerializer.data",
            Fix("serialize in a thread: await sync_to_async(lambda: serializer.data)()"),
        ),
        # users and permissions
        (
            Pattern("get_user", "django/contrib/auth/middleware.py"),
            Call("request.user", (Fix("await request.auser()", "5.0", Rewrite("attribute", "user", "auser()")),)),
        ),
        *_functions(
            "django/contrib/auth/__init__.py",
            "authenticate login logout get_user update_session_auth_hash",
            "5.0",
        ),
        *_async_twins(
            "django/contrib/auth/models.py",
            "PermissionsMixin",
            "has_perm has_perms has_module_perms get_user_permissions get_group_permissions get_all_permissions",
            "5.2",
        ),
        *_async_twins("django/contrib/auth/models.py", "UserManager", "create_user create_superuser", "5.2"),
        *_async_twins("django/contrib/auth/base_user.py", "AbstractBaseUser", "check_password", "5.0"),
        # sessions
        *_async_twins(
            SESSION,
            "SessionBase",
            "get pop setdefault update has_key keys values items flush cycle_key test_cookie_worked get_expiry_age "
            "get_expiry_date get_expire_at_browser_close set_expiry set_test_cookie delete_test_cookie",
            "5.1",
        ),
        *_same(SESSION, "SessionBase.__getitem__", Fix("await request.session.aget(key)", "5.1")),
        *_same(SESSION, "SessionBase.__contains__", Fix("await request.session.ahas_key(key)", "5.1")),
        *_same(
            SESSION,
            "SessionBase.__setitem__ SessionBase.__delitem__",
            Fix("await request.session.aset(key, value), or apop(key)", "5.1"),
        ),
        *_async_twins(
            "django/contrib/sessions/backends/db.py", "SessionStore", "load save exists create delete", "5.1"
        ),
        # shortcuts, signals, pages, caches
        *_functions("django/shortcuts.py", "get_object_or_404 get_list_or_404", "5.0"),
        *_async_twins("django/dispatch/dispatcher.py", "Signal", "send send_robust", "5.0"),
        *_pages("Paginator.page Paginator.get_page", "ask for the page in a thread", wrapped=True),
        *_pages("Paginator.count Page.__getitem__ Page.__len__", "work with the page in a thread", wrapped=False),
        *_async_twins(
            "django/core/cache/backends/db.py",
            "DatabaseCache",
            "get get_many set add touch delete delete_many has_key clear",
            "4.0",
        ),
        *_async_twins(
            "django/core/cache/backends/base.py",
            "BaseCache",
            "get_or_set set_many incr decr incr_version decr_version",
            "4.0",
        ),
        *_wrapped("django/contrib/sites/shortcuts.py", "get_current_site", "ask in a thread, or once at start-up"),
        *_wrapped("django/contrib/sites/models.py", "SiteManager.get_current", "ask in a thread, or once at start-up"),
        *_wrapped(
            "django/contrib/contenttypes/models.py",
            "ContentTypeManager.get_for_model ContentTypeManager.get_for_models ContentTypeManager.get_for_id "
            "ContentTypeManager.get_by_natural_key",
            "ask in a thread, or once at start-up: the answer is cached",
        ),
        # attributes that query
        *_same(
            RELATED, "ForwardManyToOneDescriptor.__get__ ReverseOneToOneDescriptor.__get__", SELECT_RELATED, PREFETCH
        ),
        *(
            (Pattern(name, "django/contrib/contenttypes/fields.py"), Call("GenericForeignKey.__get__", (PREFETCH,)))
            for name in ("GenericForeignKey.__get__", "GenericForeignKeyDescriptor.__get__")  # from 6.1 on
        ),
        *_same(
            "django/db/models/query_utils.py",
            "DeferredAttribute.__get__",
            Fix("load the field with the query: take it out of defer(), or add it to only()", on_the_query=True),
            REFRESH,
        ),
        # related managers, querysets, objects
        *_async_twins(
            RELATED,
            "create_reverse_many_to_one_manager.<locals>.RelatedManager",
            "add create get_or_create update_or_create remove clear set",
            "4.2",
        ),
        *_async_twins(
            RELATED,
            "create_forward_many_to_many_manager.<locals>.ManyRelatedManager",
            "add create get_or_create update_or_create remove clear set",
            "4.2",
        ),
        *_async_twins(
            "django/contrib/contenttypes/fields.py",
            "create_generic_related_manager.<locals>.GenericRelatedObjectManager",
            "add create get_or_create update_or_create remove clear set",
            "4.2",
        ),
        *_async_twins(
            QUERY,
            "QuerySet",
            "get create get_or_create update_or_create bulk_create bulk_update in_bulk count aggregate exists contains "
            "first last earliest latest update delete explain",
            "4.1",
        ),
        (Pattern("QuerySet._iterator", QUERY), Call("QuerySet.iterator", (ASYNC_ITERATOR, LIST_FIRST))),
        *_same(QUERY, "QuerySet.__len__", COUNT_OR_FETCH, LIST_FIRST),
        *_same(QUERY, "QuerySet.__bool__", EXISTS_OR_FETCH, LIST_FIRST),
        *_same(QUERY, "QuerySet.__getitem__", FIRST_OR_FETCH, LIST_FIRST),
        *_same(QUERY, "QuerySet.__getstate__", LIST_FIRST),
        *_same(QUERY, "QuerySet.__repr__", Fix("show str(queryset.query), or what was fetched without blocking")),
        *_same(
            QUERY,
            "QuerySet.__iter__ QuerySet._fetch_all RawQuerySet.__iter__ RawQuerySet.__len__ RawQuerySet.__bool__ "
            "RawQuerySet.__getitem__ RawQuerySet._fetch_all RawQuerySet.iterator",
            ASYNC_FOR,
            LIST_FIRST,
        ),
        *_functions(QUERY, "prefetch_related_objects", "5.0"),
        *_async_twins("django/db/models/base.py", "Model", "save delete refresh_from_db", "4.2"),
        *_wrapped(
            "django/db/models/base.py",
            "Model.full_clean Model.clean_fields Model.validate_unique Model.validate_constraints",
            "validate in a thread: unique fields and foreign keys ask the database",
        ),
        # transactions
        *_same(
            "django/db/transaction.py",
            "on_commit",
            Fix("call it in the sync function that holds the transaction, and await sync_to_async(function)(…)"),
        ),
        *_same(
            "django/db/transaction.py",
            "Atomic.__enter__ Atomic.__exit__",
            Fix(
                "Django has no async atomic(): move the block into a sync function and await sync_to_async(function)(…)"
            ),
        ),
    ]
)
