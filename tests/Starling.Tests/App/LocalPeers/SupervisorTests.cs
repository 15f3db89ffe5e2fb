using Starling.LocalPeers;

namespace Starling.Tests.App.LocalPeers;

public sealed class SupervisorTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 3, 3)]
    [InlineData(3, 4, 4)]
    [InlineData(4, 1, 1)]
    [InlineData(1, 70, 70)]
    [InlineData(139, 1, 139)]
    public void TheWorstOfSeveral_IsTold(int left, int right, int worst)
    {
        Assert.Equal(worst, Supervisor.Worse(left, right));
        Assert.Equal(worst, Supervisor.Worse(right, left));
    }
}
