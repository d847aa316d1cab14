"""What each recipe is for, exercised in the running app as every role."""

from collections.abc import Awaitable, Callable, Mapping

from nodes.artifacts import RecipeKind, RecipeSpec
from nodes.verification.expectations import Expectations
from nodes.verification.recipes.contests import poll, quiz
from nodes.verification.recipes.converter import converter
from nodes.verification.recipes.messages import notifications
from nodes.verification.recipes.on_records import attachments, comments, history, tags
from nodes.verification.recipes.payments import payments
from nodes.verification.recipes.public_site import site
from nodes.verification.recipes.short_link import short_link
from nodes.verification.recipes.spreadsheets import spreadsheets
from nodes.verification.recipes.stock import stock
from nodes.verification.recipes.totals import totals
from nodes.verification.recipes.views import board, calendar

Exercise = Callable[[Expectations, RecipeSpec], Awaitable[None]]
"""Uses what a recipe adds and notes what is not as agreed; raises `NotMade` where there is nothing to use it on."""

EXERCISES: Mapping[RecipeKind, Exercise] = {
    RecipeKind.comments: comments,
    RecipeKind.attachments: attachments,
    RecipeKind.tags: tags,
    RecipeKind.calendar: calendar,
    RecipeKind.board: board,
    RecipeKind.stock: stock,
    RecipeKind.totals: totals,
    RecipeKind.poll: poll,
    RecipeKind.quiz: quiz,
    RecipeKind.csv: spreadsheets,
    RecipeKind.short_link: short_link,
    RecipeKind.converter: converter,
    RecipeKind.site: site,
    RecipeKind.payments: payments,
    RecipeKind.audit_trail: history,
    RecipeKind.notifications: notifications,
}
