/* Registers the plugin of a library that this program is linked to, and makes its element. */
#include <gst/gst.h>

GST_PLUGIN_STATIC_DECLARE(depixelate);

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    GST_PLUGIN_STATIC_REGISTER(depixelate);
    GstElement *element = gst_element_factory_make("facedepixelate", NULL);
    if (element == NULL || gst_element_set_state(element, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
        g_printerr("facedepixelate does not get ready\n");
        return 1;
    }
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
    return 0;
}
