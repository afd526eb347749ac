from django.urls import path

from shop.views import account, catalogue, orders, webhooks

urlpatterns = [
    path("health/", catalogue.health),
    path("", catalogue.home),
    path("catalogue/", catalogue.catalogue),
    path("catalogue/print/", catalogue.catalogue_print),
    path("category/<slug:slug>/", catalogue.category),
    path("category/<slug:slug>/feed/", catalogue.category_feed),
    path("product/<slug:slug>/", catalogue.product),
    path("product/<slug:slug>/stock/", catalogue.product_stock),
    path("basket/", orders.basket),
    path("basket/total/", orders.basket_total),
    path("orders/<int:number>/", orders.order),
    path("orders/<int:number>/receipt/", orders.receipt),
    path("account/offers/", account.offers),
    path("account/orders/", account.own_orders),
    path("staff/menu/", account.menu),
    path("staff/stock/", account.stock),
    path("webhooks/payment/", webhooks.payment),
    path("webhooks/refund/", webhooks.refund),
    path("webhooks/delivery/", webhooks.delivery),
]
