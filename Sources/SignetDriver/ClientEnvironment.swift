/// The environment in which a program finds a compositor: what makes a toolkit choose Wayland, and this one.
public enum ClientEnvironment {
    /// What is set, besides XDG_RUNTIME_DIR.
    ///
    /// Toolkits ask variables which window system to use. A session's, or a user's, may say something else, and without
    /// an X server and another compositor they would fail.
    public static func variables(socketName: String) -> [(name: String, value: String)] {
        [
            ("WAYLAND_DISPLAY", socketName),
            // Chromium and GLFW ask for this one.
            ("XDG_SESSION_TYPE", "wayland"),
            ("GDK_BACKEND", "wayland"), ("QT_QPA_PLATFORM", "wayland"),
            // SDL 2, and SDL 3.
            ("SDL_VIDEODRIVER", "wayland"), ("SDL_VIDEO_DRIVER", "wayland"),
            ("CLUTTER_BACKEND", "wayland"),
            // Elementary.
            ("ELM_DISPLAY", "wl"),
            ("MOZ_ENABLE_WAYLAND", "1"), ("ELECTRON_OZONE_PLATFORM_HINT", "wayland"),
        ]
    }

    /// What isn't passed on: it tells of another display, compositor or desktop, or of a way to show windows that isn't
    /// offered here. libwayland prefers WAYLAND_SOCKET to WAYLAND_DISPLAY; Mesa finds out the platform itself where
    /// EGL_PLATFORM doesn't say it.
    public static let foreign = [
        "WAYLAND_SOCKET", "DISPLAY", "XAUTHORITY", "WINIT_UNIX_BACKEND", "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID",
        "EGL_PLATFORM", "QT_WAYLAND_SHELL_INTEGRATION", "ECORE_EVAS_ENGINE", "ELM_ENGINE",
        "XDG_CURRENT_DESKTOP", "XDG_SESSION_DESKTOP", "XDG_SESSION_ID", "XDG_SEAT", "XDG_VTNR", "DESKTOP_SESSION",
        "GNOME_DESKTOP_SESSION_ID", "GNOME_SETUP_DISPLAY", "KDE_FULL_SESSION", "KDE_SESSION_VERSION", "SWAYSOCK",
        "I3SOCK", "HYPRLAND_INSTANCE_SIGNATURE", "NIRI_SOCKET", "WAYFIRE_SOCKET", "LABWC_PID",
    ]
}
