"""Sessions, users and permissions."""

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import aauthenticate, alogin, authenticate, login, logout
from django.contrib.auth.models import User
from django.contrib.sessions.backends.cached_db import SessionStore as CachedInDatabase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies

from corpus.routes import fault, twin

KEY = "another" + "0" * 25
COLD_KEY = "cold" + "0" * 28
VISITOR = User(pk=1, username="visitor")


@fault
async def session_item(request):
    request.session["theme"]  # planted: reading the session


@twin
async def session_aget(request):
    await request.session.aget("theme")  # twin: reading the session


@twin
async def session_warm(request):
    await request.session.aget("theme")
    for _ in range(50):
        request.session.get("theme"), "theme" in request.session, request.session["theme"]  # twin: a warm session


@twin
async def session_cookies(request):
    store = SignedCookies()
    store["theme"] = "dark"
    for _ in range(5):
        SignedCookies(store._get_session_key()).get("theme")  # twin: a session of signed cookies


@fault
async def session_get(request):
    request.session.get("theme")  # planted: session.get()


@fault
async def session_contains(request):
    "theme" in request.session  # planted: `in` of a session


@fault
async def session_write(request):
    request.session["theme"] = "light"  # planted: writing the session


@fault
async def session_flush(request):
    SessionStore(KEY).flush()  # planted: flushing the session


@fault
async def session_cycle(request):
    SessionStore(KEY).cycle_key()  # planted: cycle_key()


@fault
async def session_save(request):
    SessionStore(KEY).save()  # planted: saving the session


@fault
async def session_cached_cold(request):
    CachedInDatabase(COLD_KEY).get("theme")  # planted: a cold session of the cached_db backend


@twin
async def session_cached_warm(request):
    await sync_to_async(warm)()
    for _ in range(20):
        CachedInDatabase(KEY).get("theme")  # twin: a warm session of the cached_db backend


def warm():
    store = CachedInDatabase(KEY)
    store._cache.set(store.cache_key, {"theme": "dark"})


@fault
async def messages_read(request):
    list(messages.get_messages(request))  # planted: reading messages from the session


@twin
async def messages_written(request):
    messages.info(request, "hello")  # twin: adding a message


@fault
async def user(request):
    request.user.is_authenticated  # planted: request.user


@twin
async def auser(request):
    (await request.auser()).is_authenticated  # twin: auser()


@twin
async def resolved(request):
    await sync_to_async(bool)(request.user)
    for _ in range(50):
        request.user.username, request.user.is_authenticated, str(request.user)  # twin: a resolved lazy user


@fault
async def authenticated(request):
    authenticate(request, username="visitor", password="secret")  # planted: authenticate()


@twin
async def aauthenticated(request):
    await aauthenticate(request, username="visitor", password="secret")  # twin: aauthenticate()


@fault
async def logged_in(request):
    login(request, VISITOR, backend="django.contrib.auth.backends.ModelBackend")  # planted: login()


@twin
async def logged_in_async(request):
    request.session = SignedCookies()
    await alogin(request, VISITOR, backend="django.contrib.auth.backends.ModelBackend")  # twin: alogin()


@fault
async def logged_out(request):
    logout(request)  # planted: logout()


@fault
async def permission(request):
    User(pk=1, username="visitor").has_perm("corpus.add_book")  # planted: has_perm()


@twin
async def apermission(request):
    await User(pk=1, username="visitor").ahas_perm("corpus.add_book")  # twin: ahas_perm()


@fault
async def permissions(request):
    User(pk=1, username="visitor").get_all_permissions()  # planted: get_all_permissions()


@fault
async def module_permission(request):
    User(pk=1, username="visitor").has_module_perms("corpus")  # planted: has_module_perms()


@twin
async def superuser(request):
    User(pk=1, is_superuser=True).has_perm("corpus.add_book")  # twin: has_perm() of a superuser


@fault
async def groups(request):
    [group.name for group in VISITOR.groups.all()]  # planted: the groups of a user


@fault
async def user_created(request):
    User.objects.create_user("new", password="secret")  # planted: create_user()


@twin
async def password(request):
    VISITOR.check_password("secret")  # twin: check_password()
