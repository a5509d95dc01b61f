"""Addresses of identification."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.identification.views import cards, returned, runs, standards, submissions, work

app_name = "identification"
urlpatterns = [
    path("work/", work.queue, name="queue"),
    path("work/steps/<str:step>/", work.step, name="step"),
    path("returned/", returned.handed_back, name="returned"),
    path("returned/file/", returned.handed_back_file, name="returned_file"),
    path("work/confirmations/", work.confirm, name="confirm"),
    path("work/pending/<int:pk>/", work.agree, name="agree"),
    path("work/objections/<int:pk>/", work.answer, name="answer"),
    path("parcels/<str:number>/", cards.page, name="parcel"),
    path("parcels/<str:number>/card/", cards.part, name="card"),
    path("parcels/<str:number>/steps/<str:step>/", cards.take, name="take"),
    path("parcels/<str:number>/override/", cards.override, name="override"),
    path("parcels/<str:number>/override/end/", cards.take_back, name="take_back"),
    path("parcels/<str:number>/objection/", cards.objection, name="objection"),
    path("parcels/<str:number>/shown/<str:sha256>/", cards.shown, name="shown"),
    path("standards/", standards.versions, name="standards"),
    path("standards/<int:pk>/", standards.standard, name="standard"),
    path("standards/<int:pk>/values/", standards.set_values, name="set_values"),
    path("standards/<int:pk>/workbook/", standards.workbook, name="workbook"),
    path("standards/<int:pk>/trials/<int:trial>/", standards.trial, name="trial"),
    path("standards/<int:pk>/<str:what>/", standards.act, name="act"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress/", runs.progress, name="progress"),
    path("runs/<int:pk>/papers/<str:name>", runs.paper, name="paper"),
    path("what-if/", runs.what_if, name="whatif"),
    path("what-if/<int:pk>/", runs.what_if_answer, name="whatif_answer"),
    path("submissions/", submissions.sent, name="submissions"),
    path("submissions/new/", submissions.send, name="send"),
    path("submissions/<uuid:key>/", submissions.submission, name="submission"),
    path("submissions/<uuid:key>/receipt/", submissions.receipt_file, name="receipt_file"),
]
