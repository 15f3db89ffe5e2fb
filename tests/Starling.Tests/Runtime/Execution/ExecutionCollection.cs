namespace Starling.Tests.Runtime.Execution;

/// <summary>Tests that look at the processes of this one run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ExecutionCollection
{
    public const string Name = "execution";
}
