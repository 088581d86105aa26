"""Compile steps of stochastic gradient descent for sparse input.

    batch of X ─▶ Z1 ─ activation ─▶ A1 ─ W2 ─▶ Z2 ─ activation ─▶ A2 … ─▶ logits ─▶ loss
    W1 (touched rows) ◀─ D1 ◀─────────── W2 ◀── D2 ◀─────────────── … ◀─ probability − label

Weights are stored as (inputs, units), so that every product of a step is the same operation: add
some rows of a matrix, each times a number, to one row. That loop, ``add_rows``, takes most of the
time. Three more savings: a row of W1 that no text of the batch touches is neither read nor written,
a row that several texts touch is written once, and ReLU units that are off cost nothing in the
layers above. Weight decay would touch all of W1, so it shrinks one number instead, the scale of W1
(Bottou 2012, "Stochastic Gradient Descent Tricks", section 5.1).

Letters: N rows of data, V terms, B rows of a batch, I inputs and U units of a layer. Two
classes have one logit, more have one each. Numbers are float32, the loss float64. Every sum has a
fixed order, so equal input gives equal bytes. The file imports nothing of the project, since
Numba's cache of compiled code looks at this file alone.
"""

# mypy: disable-error-code="untyped-decorator, no-any-return"
# (numba has no types of its own)

from math import exp, log, log1p, pi
from typing import Any, NamedTuple

import numpy as np
from numba import njit

# What the compiler may do to sums (reorder, fuse) to use vectors. NaN and infinity stay.
FAST = ("reassoc", "contract", "nsz")
# The numbers of `reviewflow.networks.activations`, which a test compares.
RELU, LEAKY_RELU, TANH, SIGMOID, GELU, SILU = 0, 1, 2, 3, 4, 5
FROM_SUMS = (GELU, SILU)  # their derivatives are taken from the sums, not from the outputs
ZERO, ONE, TWO, HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
FEW = 16  # changes that may be added to a weight one by one
LEAK = np.float32(0.01)  # slope of leaky ReLU below zero, as in PyTorch
SMALLEST_SCALE = 1e-3  # below it the weights take the scale over, before digits are lost
SQRT_HALF, DENSITY_AT_0 = np.float32(0.5**0.5), np.float32((2 * pi) ** -0.5)


class Rows(NamedTuple):
    """Labelled data in CSR form.

    Attributes
    ----------
    indptr : int64, shape (N + 1,).
    indices, values : int32 and float32, shape (entries,).
    labels : float32, shape (N,), classes from 0.
    class_weights : float32, shape (K,), by which the loss of a row of each class is multiplied.
    factors : float32, shape (V, K), by which a linear model multiplies the inputs of each class's
        logit; of no terms where it does not.
    """

    indptr: Any
    indices: Any
    values: Any
    labels: Any
    class_weights: Any
    factors: Any


class Layers(NamedTuple):
    """The weights (I, U) and biases (U,), one C-ordered float32 array a layer."""

    weights: Any
    biases: Any


class Scratch(NamedTuple):
    """Working memory, kept from step to step.

    Attributes
    ----------
    sums : one C-ordered float32 array (B, U) a layer, what goes into its activation; of no rows
        where the derivative is not taken from it.
    outputs, deltas : one C-ordered float32 array (B, U) a layer.
    masks : one C-ordered float32 array (B, U) a hidden layer, by which dropout multiplies its
        outputs; of no rows where there is none.
    counts : int64, shape (V,), zero between two steps.
    scale : float64, shape (1,); the first layer's weights are this times those in ``Layers``.
    """

    sums: Any
    outputs: Any
    deltas: Any
    masks: Any
    counts: Any
    scale: Any


class StepSettings(NamedTuple):
    """What all steps of a training have in common.

    Attributes
    ----------
    activation : int, number of the hidden layers' activation.
    decay : float, λ of the penalty λ/2 × Σ weights².
    dropout : float, share of hidden units that a step turns off.
    seed : int, of the units that are turned off.
    """

    activation: Any
    decay: Any
    dropout: Any
    seed: Any


@njit(cache=True, nogil=True, fastmath=set(FAST))
def add_rows(target: Any, factors: Any, rows: Any, matrix: Any) -> None:
    """Add Σ factors[k] × matrix[rows[k]] to target, four rows at a time."""
    whole = len(rows) // 4 * 4
    for k in range(0, whole, 4):
        f0, f1, f2, f3 = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        row0, row1 = matrix[rows[k]], matrix[rows[k + 1]]
        row2, row3 = matrix[rows[k + 2]], matrix[rows[k + 3]]
        for u in range(len(target)):
            target[u] += f0 * row0[u] + f1 * row1[u] + f2 * row2[u] + f3 * row3[u]
    for k in range(whole, len(rows)):
        f0, row0 = factors[k], matrix[rows[k]]
        for u in range(len(target)):
            target[u] += f0 * row0[u]


@njit(cache=True, nogil=True, fastmath=set(FAST))
def update_row(weights: Any, factors: Any, rows: Any, D: Any, change: Any) -> None:
    """Add Σ factors[k] × D[rows[k]] to weights.

    Many changes are summed in ``change`` first. Added to a weight one by one, small numbers would
    be rounded away.
    """
    if len(rows) <= FEW:
        add_rows(weights, factors, rows, D)
    else:
        change[:] = ZERO
        add_rows(change, factors, rows, D)
        for u in range(len(weights)):
            weights[u] += change[u]


@njit(cache=True, nogil=True, fastmath=set(FAST), error_model="numpy")
def tanh(z: Any) -> Any:
    """Return tanh(z) within two units in the last place, by vector operations.

    Lambert's continued fraction (1768), cut after the sixth level, at z / 8; then
    tanh(2x) = 2 tanh(x) / (1 + tanh²(x)) three times. Beyond ±10 it is ±1 in float32.
    """
    x = np.float32(10) if z > np.float32(10) else z
    x = (np.float32(-10) if x < np.float32(-10) else x) / np.float32(8)
    s = x * x
    top = np.float32(10395) + s * (np.float32(1260) + s * np.float32(21))
    t = x * top / (np.float32(10395) + s * (np.float32(4725) + s * (np.float32(210) + s)))
    t = TWO * t / (ONE + t * t)
    t = TWO * t / (ONE + t * t)
    return TWO * t / (ONE + t * t)


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def exp_minus(u: Any) -> Any:
    """Return e⁻ᵘ of u ≥ 0 with a relative error of 1e-7, by vector operations.

    u = n ln 2 − r with a whole n and |r| ≤ ln 2 / 2, so e⁻ᵘ = eʳ / 2ⁿ; the polynomial is that of
    the Cephes library's expf. Beyond 88 it is 0, and NaN counts as that.
    """
    u = u if u < np.float32(88) else np.float32(88)
    n = np.int32(u * np.float32(1.44269504) + HALF)
    r = np.float32(n) * np.float32(0.693359375) - u - np.float32(n) * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    p = (p * r + np.float32(8.3334519073e-3)) * r + np.float32(4.1665795894e-2)
    p = (p * r + np.float32(1.6666665459e-1)) * r + HALF
    power = np.int32((np.int32(127) - n) << np.int32(23)).view(np.float32)  # 2⁻ⁿ by its exponent
    return (p * r * r + r + ONE) * power


@njit(cache=True, nogil=True, fastmath=set(FAST), error_model="numpy")
def normal_cdf(z: Any) -> Any:
    """Return Φ(z) within 3e-7.

    Abramowitz and Stegun 1964, 7.1.26, which PyTorch's vector code uses too.
    """
    a = abs(z)
    t = ONE / (ONE + np.float32(0.3275911) * SQRT_HALF * a)
    p = np.float32(1.061405429) * t + np.float32(-1.453152027)
    p = (p * t + np.float32(1.421413741)) * t + np.float32(-0.284496736)
    tail = HALF * (p * t + np.float32(0.254829592)) * t * exp_minus(HALF * a * a)
    return ONE - tail if z > ZERO else tail


@njit(cache=True, nogil=True, fastmath=set(FAST), error_model="numpy")
def logistic(z: Any) -> Any:
    """Return 1 / (1 + e⁻ᶻ), exact also where it is small."""
    e = exp_minus(abs(z))
    return (ONE if z > ZERO else e) / (ONE + e)


@njit(cache=True, nogil=True, fastmath=set(FAST), error_model="numpy")
def activate(Z: Any, sums: Any, activation: int) -> None:
    """Replace the sums Z of a layer by its outputs.

    GELU and SiLU keep them in ``sums``.
    """
    if activation in FROM_SUMS and len(sums) != len(Z):
        raise ValueError("This activation's derivative needs the sums, for which there is no room.")
    z, kept = Z.reshape(-1), sums.reshape(-1)
    if activation == RELU:
        for k in range(len(z)):
            z[k] = ZERO if z[k] < ZERO else z[k]
    elif activation == LEAKY_RELU:
        for k in range(len(z)):
            z[k] = LEAK * z[k] if z[k] < ZERO else z[k]
    elif activation == TANH:
        for k in range(len(z)):
            z[k] = tanh(z[k])
    elif activation == SIGMOID:
        for k in range(len(z)):
            z[k] = HALF + HALF * tanh(HALF * z[k])
    elif activation == GELU:
        for k in range(len(z)):
            kept[k] = z[k]
            z[k] *= normal_cdf(z[k])
    elif activation == SILU:
        for k in range(len(z)):
            kept[k] = z[k]
            z[k] *= logistic(z[k])
    else:
        raise ValueError("This is not the number of an activation.")


@njit(cache=True, nogil=True, fastmath=set(FAST), error_model="numpy")
def multiply_by_slope(D: Any, A: Any, sums: Any, activation: int) -> None:
    """Multiply D by the activation's derivative, from A or from ``sums``."""
    if activation in FROM_SUMS and len(sums) != len(A):
        raise ValueError("This activation's derivative needs the sums, which were not kept.")
    d, a, z = D.reshape(-1), A.reshape(-1), sums.reshape(-1)
    if activation == RELU:
        for k in range(len(d)):
            d[k] = d[k] if a[k] > ZERO else ZERO
    elif activation == LEAKY_RELU:
        for k in range(len(d)):
            d[k] = d[k] if a[k] > ZERO else LEAK * d[k]
    elif activation == TANH:
        for k in range(len(d)):
            d[k] *= ONE - a[k] * a[k]
    elif activation == SIGMOID:
        for k in range(len(d)):
            d[k] *= a[k] * (ONE - a[k])
    elif activation == GELU:
        for k in range(len(d)):
            density = DENSITY_AT_0 * exp_minus(HALF * z[k] * z[k])
            d[k] *= normal_cdf(z[k]) + z[k] * density
    elif activation == SILU:
        for k in range(len(d)):
            s = logistic(z[k])
            d[k] *= s * (ONE + z[k] * (ONE - s))
    else:
        raise ValueError("This is not the number of an activation.")


@njit(cache=True, nogil=True)
def mix_bits(number: Any) -> Any:
    """Return 64 bits that look random.

    The output function of SplitMix64 (Steele, Lea and Flood 2014).
    """
    bits = np.uint64(number)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(cache=True, nogil=True)
def draw_mask(mask: Any, dropout: float, seed: int, step: int, layer: int) -> None:
    """Fill a mask of inverted dropout: 0 or 1 / (1 − dropout).

    A unit's number depends on the seed, the step, the layer and its place in the batch alone, so
    the masks of a training are the same on every backend.
    """
    start = mix_bits(mix_bits(mix_bits(seed) + np.uint64(step)) + np.uint64(layer))
    kept, numbers = np.float32(1.0 / (1.0 - dropout)), mask.reshape(-1)
    limit = np.uint64(dropout * 2.0**32)
    for k in range(len(numbers)):
        bits = mix_bits(start + np.uint64(k) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
        numbers[k] = ZERO if bits < limit else kept


@njit(cache=True, nogil=True)
def sparse_sums(batch: Any, data: Rows, weights: Any, scale: Any, bias: Any, Z: Any) -> None:
    """Compute Z = X[batch] @ (scale × weights) + bias."""
    for b in range(len(batch)):
        first, end = data.indptr[batch[b]], data.indptr[batch[b] + 1]
        Z[b] = bias / scale
        add_rows(Z[b], data.values[first:end], data.indices[first:end], weights)
        Z[b] *= scale


@njit(cache=True, nogil=True)
def dense_sums(A: Any, weights: Any, bias: Any, Z: Any) -> None:
    """Compute Z = A @ weights + bias, skipping zeros.

    Half of ReLU's outputs are zeros.
    """
    units, factors = np.empty(A.shape[1], np.int64), np.empty(A.shape[1], np.float32)
    for b in range(len(A)):
        on = 0
        for i in range(A.shape[1]):
            units[on], factors[on] = i, A[b, i]
            on += A[b, i] != ZERO
        Z[b] = bias
        add_rows(Z[b], factors[:on], units[:on], weights)


@njit(cache=True, nogil=True)
def logit_deltas(batch: Any, labels: Any, class_weights: Any, logits: Any, D: Any) -> float:
    """Return the batch's mean cross-entropy, and write its derivative to D.

    D = weight × (probability − label) / B is the derivative by the logits. With one logit z the
    loss is log(1 + eᶻ) − y z, with one a class log Σ eᶻ − z of the label, both written so that no
    z is too large. Each row's loss is multiplied by the weight of its class.
    """
    loss = 0.0
    for b in range(len(batch)):
        label, weight = int(labels[batch[b]]), float(class_weights[int(labels[batch[b]])])
        if logits.shape[1] == 1:
            z = float(logits[b, 0])
            loss += weight * (max(z, 0.0) - label * z + log1p(exp(-abs(z))))
            D[b, 0] = weight * ((1.0 / (1.0 + exp(-z)) - label) / len(batch))
        else:
            top, total = float(logits[b].max()), 0.0
            for u in range(logits.shape[1]):
                total += exp(float(logits[b, u]) - top)
            loss += weight * (top + log(total) - float(logits[b, label]))
            for u in range(logits.shape[1]):
                share = exp(float(logits[b, u]) - top) / total
                D[b, u] = weight * ((share - (u == label)) / len(batch))
    return loss / len(batch)


@njit(cache=True, nogil=True, fastmath=set(FAST))
def dense_back(
    A: Any,
    D: Any,
    weights: Any,
    new_weights: Any,
    D_below: Any,
    rate: Any,
    shrink: Any,
    activation: int,
) -> None:
    """Compute D_below = D @ weights.T, then change the weights.

    new_weights = shrink × new_weights − rate × A.T @ D.

    An input that ReLU has turned off changes no weight and has slope zero, so it is skipped.
    """
    rows, factors = np.empty(len(A) + 1, np.int64), np.empty(len(A) + 1, np.float32)
    change = np.empty(D.shape[1], np.float32)
    D_below[:] = ZERO
    for i in range(len(weights)):
        row, on = weights[i], 0
        for b in range(len(A)):
            rows[on], factors[on] = b, -rate * A[b, i]
            on += (activation != RELU) | (A[b, i] != ZERO)
        for k in range(on):
            delta, total = D[rows[k]], ZERO
            for u in range(len(row)):
                total += delta[u] * row[u]
            D_below[rows[k], i] = total
        if shrink != ONE:
            for u in range(len(row)):
                new_weights[i, u] *= shrink
        update_row(new_weights[i], factors[:on], rows[:on], D, change)


@njit(cache=True, nogil=True, fastmath=set(FAST))
def sparse_back_by_text(batch: Any, data: Rows, D: Any, new_weights: Any, rate: Any) -> None:
    """Compute new_weights −= rate × X[batch].T @ D, one text after another.

    A batch of few texts has few terms in common, so that sorting its entries would cost more than
    it saves. The sums are those of the other way, which adds fewer than four changes of a
    term one by one, too.
    """
    for b in range(len(batch)):
        delta = D[b]
        for k in range(data.indptr[batch[b]], data.indptr[batch[b] + 1]):
            factor, row = -rate * data.values[k], new_weights[np.uint32(data.indices[k])]
            for u in range(len(row)):
                row[u] += factor * delta[u]


@njit(cache=True, nogil=True)
def sparse_back_by_term(
    batch: Any, data: Rows, D: Any, new_weights: Any, rate: Any, ends: Any
) -> None:
    """Compute new_weights −= rate × X[batch].T @ D, one term after another.

    Each touched row is written once.

    The batch's entries are sorted by term (a counting sort whose counts, ``ends``, are zero
    before and after), so that all texts with one term are added to its row together.
    """
    entries = 0
    for row in batch:
        entries += data.indptr[row + 1] - data.indptr[row]
    terms, rows = np.empty(entries, np.int32), np.empty(entries, np.int32)
    factors, touched = np.empty(entries, np.float32), 0
    change = np.empty(D.shape[1], np.float32)
    for row in batch:
        for term in data.indices[data.indptr[row] : data.indptr[row + 1]]:
            if ends[term] == 0:
                terms[touched] = term
                touched += 1
            ends[term] += 1
    end = 0
    for term in terms[:touched]:
        end, ends[term] = end + ends[term], end
    for b in range(len(batch)):
        for k in range(data.indptr[batch[b]], data.indptr[batch[b] + 1]):
            place = ends[data.indices[k]]
            rows[place], factors[place] = b, -rate * data.values[k]
            ends[data.indices[k]] = place + 1
    first = 0
    for term in terms[:touched]:
        end, ends[term] = ends[term], 0
        update_row(new_weights[term], factors[first:end], rows[first:end], D, change)
        first = end


@njit(cache=True, nogil=True)
def sparse_back(batch: Any, data: Rows, D: Any, new_weights: Any, rate: Any, ends: Any) -> None:
    """Compute new_weights −= rate × X[batch].T @ D.

    Both ways give a batch of fewer than four texts the same bytes.
    """
    if len(batch) < 4:
        sparse_back_by_text(batch, data, D, new_weights, rate)
    else:
        sparse_back_by_term(batch, data, D, new_weights, rate, ends)


@njit(cache=True, nogil=True)
def apply_scale(weights: Any, scale: Any) -> None:
    """Multiply weights by their scale, float64 (1,), which becomes 1."""
    if scale[0] != 1.0:
        numbers, factor = weights.reshape(-1), np.float32(scale[0])
        for k in range(len(numbers)):
            numbers[k] *= factor
        scale[0] = 1.0


@njit(cache=True, nogil=True)
def compute_outputs(
    batch: Any, data: Rows, layers: Layers, settings: StepSettings, step: int, scratch: Scratch
) -> None:
    """Compute the outputs of each layer, those of the last being the logits."""
    B, scale = len(batch), np.float32(scratch.scale[0])
    Z = scratch.outputs[0][:B]
    sparse_sums(batch, data, layers.weights[0], scale, layers.biases[0], Z)
    for n in range(1, len(layers.weights)):
        A, mask = scratch.outputs[n - 1][:B], scratch.masks[n - 1]
        activate(A, scratch.sums[n - 1][:B], settings.activation)
        if len(mask):
            draw_mask(mask[:B], settings.dropout, settings.seed, step, n)
            A *= mask[:B]
        dense_sums(A, layers.weights[n], layers.biases[n], scratch.outputs[n][:B])


@njit(cache=True, nogil=True)
def take_step(
    batch: Any,
    data: Rows,
    layers: Layers,
    new: Layers,
    rate: Any,
    settings: StepSettings,
    step: int,
    scratch: Scratch,
) -> float:
    """Subtract rate × gradient of the mean loss from ``new``, return the loss.

    In training, ``new`` is ``layers`` itself: each layer passes its delta down before its weights
    change. With zeros as ``new``, −1 as ``rate`` and no decay it collects the gradient.
    """
    B, top = len(batch), len(layers.weights) - 1
    compute_outputs(batch, data, layers, settings, step, scratch)
    D = scratch.deltas[top]
    loss = logit_deltas(batch, data.labels, data.class_weights, scratch.outputs[top], D)
    shrink = 1.0 - rate * settings.decay
    for n in range(top, 0, -1):
        A, D, D_below = scratch.outputs[n - 1][:B], scratch.deltas[n][:B], scratch.deltas[n - 1][:B]
        sums, mask = scratch.sums[n - 1][:B], scratch.masks[n - 1]
        weights, new_weights, less = layers.weights[n], new.weights[n], np.float32(shrink)
        dense_back(A, D, weights, new_weights, D_below, rate, less, settings.activation)
        if len(mask):
            D_below *= mask[:B]
            A *= np.float32(1.0 - settings.dropout)
        multiply_by_slope(D_below, A, sums, settings.activation)
    scratch.scale[0] *= shrink
    rate_below = np.float32(rate / scratch.scale[0])
    sparse_back(batch, data, scratch.deltas[0], new.weights[0], rate_below, scratch.counts)
    for n in range(top + 1):
        change = np.zeros_like(new.biases[n])
        for b in range(B):
            change += scratch.deltas[n][b]
        new.biases[n][:] -= rate * change
    return loss


@njit(cache=True, nogil=True)
def run_steps(
    order: Any,
    batch_size: int,
    data: Rows,
    layers: Layers,
    rates: Any,
    settings: StepSettings,
    first_step: int,
    scratch: Scratch,
) -> Any:
    """Train ``layers`` on the rows ``order`` (int64) in batches.

    Parameters
    ----------
    rates : float32, one a step.
    first_step : number of steps that were taken before.

    Returns each step's loss.
    """
    losses = np.empty((len(order) + batch_size - 1) // batch_size, np.float64)
    for s in range(len(losses)):
        batch = order[s * batch_size : (s + 1) * batch_size]
        step = first_step + s
        losses[s] = take_step(batch, data, layers, layers, rates[s], settings, step, scratch)
        if scratch.scale[0] < SMALLEST_SCALE:
            apply_scale(layers.weights[0], scratch.scale)
    return losses


@njit(cache=True, nogil=True)
def sum_of_squares(matrix: Any) -> float:
    """Return the sum of the squares of all numbers, in float64."""
    total = 0.0
    for number in matrix.reshape(-1):
        total += float(number) * float(number)
    return total
