"""Three more event types."""

from django.db import migrations, models

KINDS = [
    ("created", "created"),
    ("edited", "edited"),
    ("joined", "joined"),
    ("shared", "shared"),
    ("role_changed", "role changed"),
    ("unshared", "unshared"),
    ("renamed", "renamed"),
    ("trashed", "trashed"),
    ("untrashed", "untrashed"),
    ("restored", "restored"),
    ("undid", "undid"),
    ("named", "named"),
    ("sessions_closed", "sessions closed"),
    ("exported", "exported"),
    ("attached", "attached"),
    ("freed", "freed"),
]


class Migration(migrations.Migration):
    """Change the model's choices; the database has no constraint for them."""

    dependencies = [("activity", "0005_sessions_closed")]

    operations = [
        migrations.AlterField(
            model_name="activity",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=16),
        ),
    ]
