namespace Starling.Runtime.Doctor;

/// <summary>How well a part of this machine serves.</summary>
public enum Health
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>The program works, but something is slower, less reachable or less safe than it could be.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Failed,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">The part, such as <c>disk</c>.</param>
/// <param name="Subject">What of it, such as <c>hard links</c>.</param>
/// <param name="Health">How it is.</param>
/// <param name="Seen">What was seen, for a person, without a full stop.</param>
/// <param name="Fix">What to do about it; empty when there is nothing to do.</param>
public sealed record Finding(string Check, string Subject, Health Health, string Seen, string Fix = "");
