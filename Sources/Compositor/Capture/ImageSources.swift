internal import WaylandServer

/// `ext_image_capture_source_v1`: an output or a window, for those who capture.
final class ImageSource: ExtImageCaptureSourceV1.Requests {
    let area: CaptureArea

    init(_ area: CaptureArea) { self.area = area }

    static func of(_ resource: ExtImageCaptureSourceV1) -> CaptureArea {
        (resource.handler as? ImageSource)?.area ?? CaptureArea(nil as Output?)
    }
}

/// `ext_output_image_capture_source_manager_v1`.
final class OutputImageSources: ExtOutputImageCaptureSourceManagerV1.Requests, Service {
    func bind(_ resource: ExtOutputImageCaptureSourceManagerV1) { resource.handler = self }

    func createSource(
        _ resource: ExtOutputImageCaptureSourceManagerV1,
        source: ExtImageCaptureSourceV1,
        output: WlOutput
    ) throws(ProtocolError) {
        source.handler = ImageSource(CaptureArea((output.handler as? OutputGlobal)?.output))
    }
}

/// `ext_foreign_toplevel_image_capture_source_manager_v1`.
final class WindowImageSources: ExtForeignToplevelImageCaptureSourceManagerV1.Requests, Service {
    func bind(_ resource: ExtForeignToplevelImageCaptureSourceManagerV1) { resource.handler = self }

    func createSource(
        _ resource: ExtForeignToplevelImageCaptureSourceManagerV1,
        source: ExtImageCaptureSourceV1,
        toplevelHandle: ExtForeignToplevelHandleV1
    ) throws(ProtocolError) {
        source.handler = ImageSource(CaptureArea((toplevelHandle.handler as? ToplevelHandle)?.shown))
    }
}
