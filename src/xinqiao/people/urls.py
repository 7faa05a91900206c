"""Account pages of staff, below /desk/account/. Sign-up, mail and password reset by mail are not there."""

from allauth.account import views as account
from allauth.usersessions import views as sessions
from django.urls import include, path

from xinqiao.people import views, views_tokens

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("sessions/end/", views.session_end, name="people-session-end"),
    path("post/", views.posts, name="people-posts"),
    path("tokens/", views_tokens.token_page, name="people-tokens"),
    path("tokens/end/", views_tokens.token_end, name="people-tokens-end"),
    path("post/seen/", views.changes_seen, name="people-changes-seen"),
    path("post/<int:post_id>/leave/", views.leave, name="people-leave"),
]
