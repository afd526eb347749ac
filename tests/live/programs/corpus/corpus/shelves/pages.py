"""Templates, forms, pages and shortcuts, which hide what they evaluate."""

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.shortcuts import aget_object_or_404, get_list_or_404, get_object_or_404, render
from django.template.loader import get_template, render_to_string
from django.template.response import TemplateResponse

from corpus.models import Author, Book
from corpus.routes import fault, twin


@fault
async def rendered(request):
    render(request, "corpus/books.html", {"books": Book.objects.all()})  # planted: a template with a queryset


@twin
async def rendered_plain(request):
    books = [book async for book in Book.objects.select_related("author")]
    render(request, "corpus/books.html", {"books": books})  # twin: a template with a list
    render(request, "corpus/authors.html", {"books": books})  # twin: a template with selected relations


@twin
async def rendered_in_a_thread(request):
    context = {"books": Book.objects.all()}
    await sync_to_async(render)(request, "corpus/books.html", context)  # twin: render() in a thread


@fault
async def rendered_relation(request):
    books = [Book(pk=1, author_id=1)]
    render_to_string("corpus/authors.html", {"books": books})  # planted: a template that follows a relation


@fault
async def rendered_user(request):
    render(request, "corpus/user.html")  # planted: a template with the user


@twin
async def rendered_resolved_user(request):
    request.user = await request.auser()
    render(request, "corpus/user.html")  # twin: a template with a resolved user


@fault
async def rendered_permissions(request):
    request.user = User(pk=1, username="visitor")
    get_template("corpus/perms.html").render({}, request)  # planted: a template with permissions


@fault
async def rendered_tag(request):
    render(request, "corpus/tag.html")


@twin
async def rendered_good_tag(request):
    render(request, "corpus/good_tag.html", {"books": [], "name": "x"})  # twin: a template with a tag


@fault
async def rendered_filter(request):
    render(request, "corpus/filter.html", {"name": "author 1"})


@fault
async def rendered_method(request):
    render(request, "corpus/method.html", {"author": Author(pk=1, name="author 1")})


@twin
async def rendered_good_method(request):
    render(request, "corpus/good_method.html", {"author": Author(pk=1, name="author 1")})  # twin: a model's method


@twin
async def response_in_a_thread(request):
    response = TemplateResponse(request, "corpus/books.html", {"books": Book.objects.all()})
    await sync_to_async(response.render)()  # twin: a TemplateResponse, rendered as Django does it


class AuthorForm(forms.ModelForm):
    class Meta:
        model = Author
        fields = ["name"]


class BookForm(forms.Form):
    author = forms.ModelChoiceField(Author.objects.all())


@fault
async def model_form(request):
    AuthorForm({"name": "author 1"}).is_valid()  # planted: validating a model form


@twin
async def model_form_in_a_thread(request):
    await sync_to_async(AuthorForm({"name": "author 1"}).is_valid)()  # twin: validating a model form


@fault
async def model_form_saved(request):
    form = AuthorForm()
    form._errors, form.cleaned_data = {}, {}
    form.save()  # planted: saving a model form


@fault
async def choices_shown(request):
    str(BookForm())  # planted: showing a choice of objects


@fault
async def choices_rendered(request):
    render(request, "corpus/form.html", {"form": BookForm()})  # planted: a template with a choice of objects


@twin
async def plain_form(request):
    form = type("PlainForm", (forms.Form,), {"name": forms.CharField()})({"name": "x"})
    form.is_valid(), str(form)  # twin: a form without a model


@fault
async def choice_validated(request):
    BookForm({"author": "1"}).is_valid()  # planted: validating a choice of objects


@fault
async def login_form(request):
    AuthenticationForm(request, {"username": "visitor", "password": "secret"}).is_valid()  # planted: a login form


@fault
async def formset(request):
    str(forms.modelformset_factory(Author, fields=["name"])())  # planted: a formset of objects


@fault
async def page(request):
    Paginator(Book.objects.order_by("pk"), 5).page(1)  # planted: a page of a queryset


@twin
async def page_of_a_list(request):
    list(Paginator(list(range(50)), 5).page(1))  # twin: a page of a list


@twin
async def page_in_a_thread(request):
    paginator = Paginator(Book.objects.order_by("pk"), 5)
    await sync_to_async(lambda: list(paginator.page(1)))()  # twin: a page of a queryset


@fault
async def page_listed(request):
    pages = Paginator(Book.objects.order_by("pk"), 5)
    pages.count = 12
    list(pages.page(1))  # planted: iterating over a page


@fault
async def object_or_404(request):
    get_object_or_404(Book, pk=1)  # planted: get_object_or_404()


@twin
async def aobject_or_404(request):
    await aget_object_or_404(Book, pk=1)  # twin: aget_object_or_404()


@fault
async def list_or_404(request):
    get_list_or_404(Book, price__gt=1)  # planted: get_list_or_404()
