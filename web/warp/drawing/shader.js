/**
 * The GPU part of web/warp/drawing/warp.js: uploads pieces of a frame, draws its patches through their fields, reads
 * the result back. Rows are counted from the top throughout, so nothing is flipped. Knows nothing of where the pieces
 * come from and where they go.
 *
 * A patch: box: the bounds of its ellipse; toPatch, corner: map a pixel, relative to the box's first, to 0..1 across
 * the patch; toPicture: from eye widths to pixels, times the gain; light: factor of the field's light. Matrices are
 * column-major.
 *
 * @typedef {import('../wire.js').FieldGrids} FieldGrids
 * @typedef {{left: number, top: number, width: number, height: number}} Box pixels
 * @typedef {{toPatch: number[], corner: number[], toPicture: number[], light: number}} Reading
 * @typedef {Reading & {box: Box, field: FieldGrids}} Patch
 */

/** A rectangle without a vertex buffer: its corners follow from the vertex number. */
const VERTEX = `#version 300 es
uniform vec2 size;
uniform vec4 box; // left, top, width, height
void main() {
  vec2 pixel = box.xy + box.zw * vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = vec4(pixel / size * 2.0 - 1.0, 0, 1);
}`;

/** The kernel is OpenCV's, a = -0.75. Without movement its weights are 0, 1, 0, 0, and the pixel is unchanged. */
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform vec2 size;
uniform vec4 box;
uniform mat2 toPatch, toPicture;
uniform vec2 corner;
uniform vec4 scales; // of flow, rest, mask and light
uniform sampler2D picture, flow, rest, mask, light;
out vec4 shown;

const float HIDDEN = 0.5 / 255.0; // less than a visible difference

vec4 cubic(float t) {
  const float a = -0.75;
  float before = t + 1.0, after = 1.0 - t;
  vec3 first = vec3(
    ((a * before - 5.0 * a) * before + 8.0 * a) * before - 4.0 * a,
    ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0,
    ((a + 2.0) * after - (a + 3.0)) * after * after + 1.0);
  return vec4(first, 1.0 - first.x - first.y - first.z);
}

vec3 along(ivec4 columns, int row, vec4 weights) {
  return texelFetch(picture, ivec2(columns.x, row), 0).rgb * weights.x
    + texelFetch(picture, ivec2(columns.y, row), 0).rgb * weights.y
    + texelFetch(picture, ivec2(columns.z, row), 0).rgb * weights.z
    + texelFetch(picture, ivec2(columns.w, row), 0).rgb * weights.w;
}

vec3 read(ivec2 pixel, vec2 movement) {
  vec2 whole = floor(movement);
  vec4 across = cubic(movement.x - whole.x), down = cubic(movement.y - whole.y);
  ivec2 start = pixel + ivec2(whole), last = ivec2(size) - 1;
  ivec4 columns = clamp(start.x + ivec4(-1, 0, 1, 2), 0, last.x);
  ivec4 rows = clamp(start.y + ivec4(-1, 0, 1, 2), 0, last.y);
  vec3 sum = along(columns, rows.x, across) * down.x + along(columns, rows.y, across) * down.y
    + along(columns, rows.z, across) * down.z + along(columns, rows.w, across) * down.w;
  return clamp(sum, 0.0, 1.0);
}

void main() {
  vec2 at = toPatch * (floor(gl_FragCoord.xy) - box.xy) + corner;
  vec2 fromCentre = at * 2.0 - 1.0;
  if (dot(fromCentre, fromCentre) >= 1.0) discard;
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  float share = 1.0 / (1.0 + exp(-scales.z * texture(mask, at).r));
  share = mix(share, round(share), float(abs(share - round(share)) < HIDDEN));
  vec3 sum = vec3(scales.w * texture(light, at).r);
  if (share > 0.0) sum += share * read(pixel, toPicture * (scales.x * texture(flow, at).rg));
  if (share < 1.0) sum += (1.0 - share) * read(pixel, toPicture * (scales.y * texture(rest, at).rg));
  shown = vec4(sum, 1);
}`;

const UNIFORMS = ['size', 'box', 'toPatch', 'toPicture', 'corner', 'scales'];
const SAMPLERS = ['picture', 'flow', 'rest', 'mask', 'light'];

/** For an absent rest or light. */
const NONE = {columns: 1, rows: 1, scale: 0, data: new Int8Array(2)};

/** All resources of one context; lost with it. */
export class Shader {
  #gl;
  /** @type {Record<string, WebGLUniformLocation | null>} */
  #uniforms = {};
  /** Width and height of the textures. */
  #capacity = [0, 0];
  /** Input and output frame. @type {WebGLTexture[]} */
  #pictures = [];
  /** Textures of the fields in use; #spare: unused ones. @type {Map<FieldGrids, WebGLTexture[]>} */
  #fields = new Map();
  /** @type {WebGLTexture[][]} */
  #spare = [];

  /** Raises Error if the shader cannot be compiled. @param {WebGL2RenderingContext} gl used by nothing else */
  constructor(gl) {
    this.#gl = gl;
    const program = link(gl);
    gl.useProgram(program);
    for (const name of UNIFORMS) this.#uniforms[name] = gl.getUniformLocation(program, name);
    SAMPLERS.forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(program, name), unit));
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  }

  /** Sets the size of the whole frame, of which only pieces are uploaded. */
  resize(/** @type {number} */ width, /** @type {number} */ height) {
    const gl = this.#gl;
    if (width > this.#capacity[0] || height > this.#capacity[1]) this.#enlarge(width, height);
    gl.viewport(0, 0, width, height);
    gl.uniform2f(this.#uniforms.size, width, height);
  }

  /** Uploads a piece of the frame as input and initial output. */
  upload(/** @type {ImageData} */ piece, /** @type {number} */ left, /** @type {number} */ top) {
    const gl = this.#gl;
    for (const picture of this.#pictures) {
      this.#bind(picture, 0);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, left, top, gl.RGBA, gl.UNSIGNED_BYTE, piece);
    }
  }

  /** Draws patches in order, each from the uploaded input. */
  draw(/** @type {Patch[]} */ patches) {
    this.#freeAllBut(patches.map(({field}) => field));
    for (const patch of patches) this.#drawOne(patch);
  }

  /** Reads a piece of the output. @returns {ImageData} */
  read(/** @type {Box} */ {left, top, width, height}) {
    const piece = new ImageData(width, height);
    this.#gl.readPixels(left, top, width, height, this.#gl.RGBA, this.#gl.UNSIGNED_BYTE, piece.data);
    return piece;
  }

  /** Textures never shrink: a cropped piece has another size each time. */
  #enlarge(/** @type {number} */ width, /** @type {number} */ height) {
    const gl = this.#gl;
    for (const former of this.#pictures) gl.deleteTexture(former);
    this.#capacity = [Math.max(width, this.#capacity[0]), Math.max(height, this.#capacity[1])];
    this.#pictures = [0, 1].map(() => {
      const made = this.#texture(gl.NEAREST);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, this.#capacity[0], this.#capacity[1]);
      return made;
    });
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.#pictures[1], 0);
  }

  #drawOne(/** @type {Patch} */ {box, toPatch, corner, toPicture, light, field}) {
    const gl = this.#gl;
    gl.uniform4f(this.#uniforms.box, box.left, box.top, box.width, box.height);
    gl.uniformMatrix2fv(this.#uniforms.toPatch, false, toPatch);
    gl.uniform2fv(this.#uniforms.corner, corner);
    gl.uniformMatrix2fv(this.#uniforms.toPicture, false, toPicture);
    const [flow, rest, mask, lit] = layersOf(field).map(({scale}) => scale);
    gl.uniform4f(this.#uniforms.scales, flow, rest, mask, light * lit);
    [this.#pictures[0], ...this.#texturesOf(field)].forEach((texture, unit) => this.#bind(texture, unit));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** Textures of flow, rest, mask and light; uploaded once per field. @returns {WebGLTexture[]} */
  #texturesOf(/** @type {FieldGrids} */ field) {
    const known = this.#fields.get(field);
    if (known) return known;
    const gl = this.#gl;
    const textures = this.#spare.pop() ?? [0, 1, 2, 3].map(() => this.#texture(gl.LINEAR));
    layersOf(field).forEach(({columns, rows, data}, i) => {
      const [inside, format] = i < 2 ? [gl.RG8_SNORM, gl.RG] : [gl.R8_SNORM, gl.RED];
      this.#bind(textures[i], i + 1);
      gl.texImage2D(gl.TEXTURE_2D, 0, inside, columns, rows, 0, format, gl.BYTE, data);
    });
    this.#fields.set(field, textures);
    return textures;
  }

  /** Frees the textures of all fields but these. */
  #freeAllBut(/** @type {FieldGrids[]} */ fields) {
    for (const [field, textures] of this.#fields) {
      if (fields.includes(field)) continue;
      this.#fields.delete(field);
      this.#spare.push(textures);
    }
  }

  #bind(/** @type {WebGLTexture} */ texture, /** @type {number} */ unit) {
    this.#gl.activeTexture(this.#gl.TEXTURE0 + unit);
    this.#gl.bindTexture(this.#gl.TEXTURE_2D, texture);
  }

  /** Creates a texture and binds it to unit 0. @returns {WebGLTexture} */
  #texture(/** @type {number} */ filter) {
    const gl = this.#gl;
    const made = /** @type {WebGLTexture} */ (gl.createTexture());
    this.#bind(made, 0);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    return made;
  }
}

/** In the order of their textures. @returns {import('../wire.js').Grid[]} */
function layersOf(/** @type {FieldGrids} */ {flow, rest, mask, light}) {
  return [flow, rest ?? NONE, mask, light ?? NONE];
}

/** Raises Error with the driver's message. */
function link(/** @type {WebGL2RenderingContext} */ gl) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(/** @type {number} */ (kind)));
    gl.shaderSource(shader, /** @type {string} */ (text));
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`The shader cannot be compiled: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
