import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deliveries", "0001_initial"),
        ("parcels", "0004_of_deliveries"),
    ]

    operations = [
        # comparisons are made anew when asked
        migrations.RunSQL("DELETE FROM parcels_comparison", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="comparison", name="layer"),
        migrations.AddField(
            model_name="comparison",
            name="delivery",
            field=models.OneToOneField(
                default=0,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comparison",
                to="deliveries.delivery",
                verbose_name="交付",
            ),
            preserve_default=False,
        ),
        migrations.AddField(model_name="comparison", name="run", field=models.PositiveIntegerField(default=0)),
    ]
