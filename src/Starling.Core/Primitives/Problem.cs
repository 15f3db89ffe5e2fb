namespace Starling.Core.Primitives;

/// <summary>An expected failure, told so that a person can act on it.</summary>
/// <param name="Code">A stable short word for programs, such as <c>no-hit</c> or <c>limit:wall</c>.</param>
/// <param name="Reason">What went wrong and where (file, key, peer), without a full stop.</param>
/// <param name="Hint">What to do about it; empty when there is nothing to do.</param>
public sealed record Problem(string Code, string Reason, string Hint = "")
{
    /// <summary>Reason and hint in one line.</summary>
    public override string ToString() => Hint.Length == 0 ? Reason : $"{Reason}. {Hint}";
}
