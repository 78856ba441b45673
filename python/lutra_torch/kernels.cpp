// Optional CPU kernels of lutra_torch: the search for codes and the gather of centroids, for many cores.
// kernels.py compiles and calls them. Plain PyTorch computes the same where no compiler is found.
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// Positions that are searched at a time: one vector of floats.
constexpr int LANES = 16;
typedef float Floats __attribute__((vector_size(LANES * 4)));
typedef int32_t Codes __attribute__((vector_size(LANES * 4)));

// The best code of LANES positions. V: values of a window where the compiler may know it, else 0.
template <int V>
inline Codes search(const Floats* values, const float* q, const float* bias, int K, int known) {
  const int v = V ? V : known;
  Floats best = Floats{} - 1e30f;
  Codes code = {};
  for (int k = 0; k < K; k++, q += v) {
    Floats score = Floats{} + bias[k];
    for (int i = 0; i < v; i++) score += q[i] * values[i];
    const Codes better = score > best;
    code = better ? Codes{} + k : code;
    best = better ? score : best;
  }
  return code;
}

}  // namespace

extern "C" {

// Finds the codes of every window, and adds up which values they stand for.
//
// x         bfloat16 or float [N, H, W, C]: activations, channels last
// q, bias   float [B, K, v] and [B, K]: integer score weights and biases
// window    kh, kw, stride y and x, pad top, left, bottom, right
// codes     uint8 [N, B, Ho, Wo], written; the lowest of equal scores wins
// sums      float [B, K, v], added to: integer activations of each code. May be null
// counts    float [B, K], added to. Null with sums
void lutra_encode(const void* x, int bfloat, int N, int C, int H, int W, float scale, int zero, int B, int K,
                  const float* q, const float* bias, const int* window, uint8_t* codes, float* sums, float* counts) {
  const int kh = window[0], kw = window[1], sy = window[2], sx = window[3];
  const int top = window[4], left = window[5];
  const int height = H + top + window[6], width = W + left + window[7];
  const int Ho = (height - kh) / sy + 1, Wo = (width - kw) / sx + 1;
  const int g = C / B, v = g * kh * kw, positions = Ho * Wo, plane = height * width;
  std::vector<int> start(positions), tap(v);
  for (int p = 0; p < positions; p++) start[p] = (p / Wo) * sy * width + (p % Wo) * sx;
  for (int i = 0; i < v; i++) tap[i] = i / (kh * kw) * plane + i / kw % kh * width + i % kw;
#pragma omp parallel
  {
    // a = q - zero, and 0 outside the image: [C, height, width]
    std::vector<float> planes(size_t(C) * plane, 0.0f);
    std::vector<Floats> values(v);
    std::vector<float> ownSums(sums ? size_t(B) * K * v : 0, 0.0f), ownCounts(sums ? size_t(B) * K : 0, 0.0f);
#pragma omp for schedule(dynamic, 1)
    for (int n = 0; n < N; n++) {
      for (int y = 0; y < H; y++)
        for (int c0 = 0; c0 < W; c0++) {
          const size_t from = ((size_t(n) * H + y) * W + c0) * C;
          float* to = planes.data() + (y + top) * width + c0 + left;
          for (int c = 0; c < C; c++) {
            float value;
            if (bfloat) {
              const uint32_t bits = uint32_t(static_cast<const uint16_t*>(x)[from + c]) << 16;
              std::memcpy(&value, &bits, 4);
            } else {
              value = static_cast<const float*>(x)[from + c];
            }
            // Round half to even, as the operator does.
            float rounded = __builtin_nearbyintf(value / scale) + zero;
            rounded = rounded > 0 ? (rounded < 127 ? rounded : 127) : 0;
            to[size_t(c) * plane] = rounded - zero;
          }
        }
      for (int b = 0; b < B; b++) {
        const float* base = planes.data() + size_t(b) * g * plane;
        uint8_t* out = codes + (size_t(n) * B + b) * positions;
        for (int p = 0; p < positions; p += LANES) {
          const int lanes = positions - p < LANES ? positions - p : LANES;
          for (int i = 0; i < v; i++)
            for (int l = 0; l < LANES; l++) values[i][l] = base[tap[i] + start[p + (l < lanes ? l : 0)]];
          const float* rows = q + size_t(b) * K * v;
          const Codes code = v == 9   ? search<9>(values.data(), rows, bias + b * K, K, v)
                             : v == 3 ? search<3>(values.data(), rows, bias + b * K, K, v)
                                      : search<0>(values.data(), rows, bias + b * K, K, v);
          for (int l = 0; l < lanes; l++) {
            out[p + l] = uint8_t(code[l]);
            if (!sums) continue;
            const int at = b * K + code[l];
            ownCounts[at] += 1;
            for (int i = 0; i < v; i++) ownSums[size_t(at) * v + i] += values[i][l];
          }
        }
      }
    }
    if (sums) {
#pragma omp critical
      {
        for (size_t i = 0; i < ownSums.size(); i++) sums[i] += ownSums[i];
        for (size_t i = 0; i < ownCounts.size(); i++) counts[i] += ownCounts[i];
      }
    }
  }
}

// Writes what codes stand for: rows [B, K, v] of 2-byte values, out [N, positions, B, v].
void lutra_gather(const uint8_t* codes, const uint16_t* rows, int N, int B, int K, int v, int positions, uint16_t* out) {
#pragma omp parallel for
  for (int n = 0; n < N; n++)
    for (int p = 0; p < positions; p++) {
      const uint8_t* code = codes + size_t(n) * B * positions + p;
      uint16_t* to = out + (size_t(n) * positions + p) * B * v;
      for (int b = 0; b < B; b++, to += v)
        std::memcpy(to, rows + (size_t(b) * K + code[size_t(b) * positions]) * v, size_t(v) * 2);
    }
}

}  // extern "C"
