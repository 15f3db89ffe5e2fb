namespace Starling.Core.Engine;

/// <summary>Names one connection for as long as the process lives; the driver counts them up and never reuses one.</summary>
public readonly record struct LinkId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"link {Value}";
}

/// <summary>Names one run of a piece on this machine; the node counts them up.</summary>
public readonly record struct JobId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"job {Value}";
}
