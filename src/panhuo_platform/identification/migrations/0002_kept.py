from django.db import migrations

from panhuo_platform.identification.protection import protect, release


def forwards(apps, schema_editor):
    protect(schema_editor.connection)


def backwards(apps, schema_editor):
    release(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("identification", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
