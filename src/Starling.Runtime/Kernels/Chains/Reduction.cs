namespace Starling.Runtime.Kernels.Chains;

/// <summary>
/// From a digest back to a text: (first 8 bytes, little-endian, + 65,536 · table + column) modulo 2⁶⁴, modulo the number of texts. The
/// column makes chains that meet in different columns part again, the table makes tables differ.
/// </summary>
/// <param name="Texts">Number of texts.</param>
/// <param name="Table">Number of the table.</param>
internal readonly record struct Reduction(ulong Texts, int Table)
{
    private const ulong TableStep = 65_536;

    /// <summary>The text of a digest whose first 8 bytes are <paramref name="start"/>, in column <paramref name="column"/>.</summary>
    public ulong TextOf(ulong start, int column) => unchecked(start + (TableStep * (ulong)Table) + (ulong)column) % Texts;
}
