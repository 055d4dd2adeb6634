/** Version of the layout, as `oci-layout` states it. */
export const layoutVersion = '1.0.0';
/** The file `oci-layout` (image-spec v1.1.1, image-layout.md#oci-layout-file). */
export const ociLayoutFile: Buffer = Buffer.from(`{"imageLayoutVersion":"${layoutVersion}"}\n`);
/** Annotation that names an entry of index.json (image-spec v1.1.1, annotations). */
export const refName = 'org.opencontainers.image.ref.name';
/** Annotation by which containerd and Docker name an image. */
export const imageName = 'io.containerd.image.name';
