"""List the calls that reach the database: the frame that names each call, and what replaces it since which version.

Rows are tried on the frames from the culprit towards the query; the first that fits names the call, so a template that
evaluates a queryset is "rendering a template" and not "iterating". tests/analyse/remedy/test_calls.py looks up every
replacement in the Django that is installed.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.analyse.remedy.fixes import LIST_FIRST, PREFETCH, REFRESH, SELECT_RELATED, Call, Fix, Rewrite
from asyncspy.analyse.stacks.pattern import Pattern, Rules, last_segment

Row = tuple[Pattern, Call]

ASYNC_ITERATOR = Fix("loop with async for over .aiterator(…)", "4.1", Rewrite("iterate", "iterator", "aiterator"))
BEFORE_RENDERING = Fix(
    "evaluate what the template needs before rendering: querysets as [item async for item in queryset], relations, "
    "the user",
    "4.1",
)


def _async_twins(file: str, owner: str, methods: str, since: str) -> Iterable[Row]:
    """Methods that got an async twin in this release."""
    for method in methods.split():
        twin = Fix(f"await the a-method: .a{method}(…)", since, Rewrite("rename", method, f"a{method}"))
        yield Pattern(f"{owner}.{method}", file), Call(f"{last_segment(owner)}.{method}", (twin,))


def _managers(file: str, owner: str) -> Iterable[Row]:
    """The methods of a related manager."""
    return _async_twins(file, owner, "add create get_or_create update_or_create remove clear set", "4.2")


def _functions(file: str, names: str, since: str) -> Iterable[Row]:
    """Functions that got an async twin in this release."""
    for name in names.split():
        twin = Fix(f"await a{name}(…)", since, Rewrite("rename", name, f"a{name}"))
        yield Pattern(name, file), Call(name, (twin,))


def _same(file: str, names: str, *fixes: Fix) -> Iterable[Row]:
    """Calls with the same replacements."""
    for name in names.split():
        yield Pattern(name, file), Call(name, fixes)


def _wrapped(file: str, names: str, text: str) -> Iterable[Row]:
    """Calls without an async twin, to be made through sync_to_async."""
    for name in names.split():
        yield Pattern(name, file), Call(name, (Fix(text, None, Rewrite("wrap", last_segment(name))),))


def _evaluated(name: str, text: str) -> Iterable[Row]:
    """Ways to evaluate a whole queryset where one answer of the database is enough."""
    yield Pattern(name, QUERY), Call(name, (Fix(text, "4.1"), LIST_FIRST))


def _renders(file: str, name: str) -> Iterable[Row]:
    """Calls that evaluate what a template asks for."""
    in_thread = Fix("render in a thread", None, Rewrite("wrap", last_segment(name)))
    yield Pattern(name, file), Call(name, (BEFORE_RENDERING, in_thread))


def _pages(names: str, text: str, *, wrapped: bool) -> Iterable[Row]:
    """Pagination: an AsyncPaginator where there is one, a thread before that."""
    use_async = Fix("use AsyncPaginator: await paginator.aget_page(number)", "6.0")
    for name in names.split():
        wrap = Rewrite("wrap", last_segment(name)) if wrapped else None
        yield Pattern(name, "django/core/paginator.py"), Call(name, (use_async, Fix(text, None, wrap)))


QUERY = "django/db/models/query.py"
RELATED = "django/db/models/fields/related_descriptors.py"
GENERIC = "django/contrib/contenttypes/fields.py"
SESSION = "django/contrib/sessions/backends/base.py"

CALLS: Rules[Call] = Rules(
    [
        # templates, forms and serializers, which hide what they evaluate
        *_renders("django/shortcuts.py", "render"),
        *_renders("django/template/loader.py", "render_to_string"),
        *_renders("django/template/backends/django.py", "Template.render"),
        *_renders("django/template/base.py", "Template.render"),
        (
            Pattern("SimpleTemplateResponse.render", "django/template/response.py"),
            Call("TemplateResponse.render", (BEFORE_RENDERING, Fix("render in a thread"))),
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
            "django/contrib/auth/__init__.py", "authenticate login logout get_user update_session_auth_hash", "5.0"
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
            (Pattern(name, GENERIC), Call("GenericForeignKey.__get__", (PREFETCH,)))
            for name in ("GenericForeignKey.__get__", "GenericForeignKeyDescriptor.__get__")  # from 6.1 on
        ),
        *_same(
            "django/db/models/query_utils.py",
            "DeferredAttribute.__get__",
            Fix("load the field with the query: take it out of defer(), or add it to only()", on_the_query=True),
            REFRESH,
        ),
        # related managers, querysets, objects
        *_managers(RELATED, "create_reverse_many_to_one_manager.<locals>.RelatedManager"),
        *_managers(RELATED, "create_forward_many_to_many_manager.<locals>.ManyRelatedManager"),
        *_managers(GENERIC, "create_generic_related_manager.<locals>.GenericRelatedObjectManager"),
        *_async_twins(
            QUERY,
            "QuerySet",
            "get create get_or_create update_or_create bulk_create bulk_update in_bulk count aggregate exists contains "
            "first last earliest latest update delete explain",
            "4.1",
        ),
        (Pattern("QuerySet._iterator", QUERY), Call("QuerySet.iterator", (ASYNC_ITERATOR, LIST_FIRST))),
        *_evaluated("QuerySet.__len__", "ask the database for the number: await queryset.acount()"),
        *_evaluated("QuerySet.__bool__", "ask the database whether there is one: await queryset.aexists()"),
        *_evaluated("QuerySet.__getitem__", "ask the database for the one: await queryset.afirst(), or aget()"),
        *_same(QUERY, "QuerySet.__getstate__", LIST_FIRST),
        *_same(QUERY, "QuerySet.__repr__", Fix("show str(queryset.query), or what was fetched without blocking")),
        *_same(
            QUERY,
            "QuerySet.__iter__ QuerySet._fetch_all RawQuerySet.__iter__ RawQuerySet.__len__ RawQuerySet.__bool__ "
            "RawQuerySet.__getitem__ RawQuerySet._fetch_all RawQuerySet.iterator",
            Fix("loop with async for", "4.1", Rewrite("iterate", "__iter__")),
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
